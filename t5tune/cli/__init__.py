"""The command line, one file a command: each parses, calls the Python door and prints.

Options that several commands share stand in `model_options.py` and `process_options.py`. The top of
every file imports neither torch nor transformers nor datasets, so that `--help` answers at once.
"""

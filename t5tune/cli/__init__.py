"""The command line, one file per command: each parses, calls the Python functions and prints.

Options that several commands share are in `shared_options.py` and `process_options.py`. The top of
every file imports neither torch nor transformers nor datasets, so that `--help` answers at once.
"""

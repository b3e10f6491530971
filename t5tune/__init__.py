"""Fine-tune encoder-decoder models from one recipe: the functions that the commands call.

`train`, `load`, `evaluate`, `score` and `compare` do what the commands of these names do, return
what those print, and raise `T5TuneError` where those print an error. Importing this is cheap: each
name is loaded on first use.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

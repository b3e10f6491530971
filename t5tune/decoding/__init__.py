"""Translation: from sources to hypotheses, whatever the engine.

`translator.py` is the protocol, `torch_translator.py` and `ctranslate2_translator.py` are its
engines, and `opening.py` finds the one that a run, a directory or a hub id needs. `export/` makes
exports, `streaming/` translates files and pipes of any size, `documents/` Markdown and the like.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

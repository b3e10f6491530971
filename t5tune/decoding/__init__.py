"""From sources to hypotheses, whatever the engine.

`translator.py` is the protocol, `torch_translator.py` and `ctranslate2_translator.py` are its
engines, `opening.py` finds the one that a run, a directory or a hub id needs. What makes an export
is in `export/`, files and pipes of any size are in `streaming/`, Markdown and its like in
`documents/`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

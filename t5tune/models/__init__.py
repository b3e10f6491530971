"""Encoder-decoder models: families, loading, and models from scratch.

`families.py` is the registry of what each family needs; `loading.py` and `from_scratch.py` give a
model and its tokenizer; `cpu/` makes T5 fast on CPUs.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

"""What is particular to encoder-decoder models.

`families.py` knows what each family needs, `loading.py` and `from_scratch.py` give a model and its
tokenizer. What makes T5 fast on CPUs is in `cpu/`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

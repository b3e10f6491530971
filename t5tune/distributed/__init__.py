"""Several processes: starting them, telling them apart, and what they send each other.

`fsdp.py` and `deepspeed.py` divide a model's weights among them.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

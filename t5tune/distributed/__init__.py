"""Several processes: starting them, identifying them, and communication between them.

`fsdp.py` and `deepspeed.py` shard a model's weights.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

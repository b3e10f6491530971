"""What a machine offers to t5tune, and what on it breaks t5tune or slows it down.

`checkup.py` examines everything; each other file looks at one part. Nothing here imports a model
library into the command's own process: `library_probe.py` does, in processes that may crash.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

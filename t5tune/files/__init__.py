"""Files in general: text in and out of them, JSON, and what to say where that fails."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

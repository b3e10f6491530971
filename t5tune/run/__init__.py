"""The directory of a run: every path in it, its lock, and the manifests of what it holds."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

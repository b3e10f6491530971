"""Data: from files and hub data sets to examples, and from examples to batches.

`readers/` has one module for each kind of place; `batching/` decides which examples form a batch.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

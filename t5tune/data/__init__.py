"""From files and hub data sets to examples, and from examples to batches.

`readers/` has one file a format or place, `batching/` decides which examples are computed together.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

"""From texts to numbers, without torch and transformers.

`registry.py` is the table of the metrics, `compute.py` applies them. Metrics are in `metrics/`,
intervals and paired tests in `significance/`, what went wrong in an output in `diagnosis/`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

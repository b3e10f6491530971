"""From a model and a test set to a report, and from reports to a comparison.

`evaluation.py` translates and scores, `report.py` holds the content of `report.json`. The formats
of a report are Markdown and terminal here, HTML in `html/`, the model card in `model_card/`.
Comparisons of systems are in `comparisons/`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

"""From a model and a test set to a report, and from reports to a comparison.

`evaluation.py` translates and scores; `reports/` holds a report and its forms in Markdown and on a
terminal, `html/` its page, `model_card/` the card. `beside/` has the sections beside the scores,
`stress/` the hard sets, `comparisons/` comparisons of systems.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

"""From a recipe to a finished run.

`session.py` says in which order things happen, `loop.py` sets up Hugging Face's Trainer,
`trainer.py` is that Trainer with our loss and our batches. How a model is spread over processes is
in `strategies/`, optimizers and averages of weights are in `optim/`, what a run resumes from is in
`checkpoints/`, what happens beside the loop is in `callbacks/`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

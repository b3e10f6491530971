"""Training, from a recipe to a finished run.

`session.py` has the order of the steps, `loop.py` sets up Hugging Face's Trainer, `trainer.py` is
that Trainer with our loss and our batches. `strategies/` has the ways to distribute a model over
processes, `optim/` optimizers and averages of weights, `checkpoints/` what a run resumes from, and
`callbacks/` what happens beside the loop.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

"""Training, from a recipe to a finished run.

`entry.py` chooses the run, and `session.py` has the order of the steps. `preparation/` has what
happens before step 1; `loop.py` sets up Hugging Face's Trainer, and `trainer.py` is that Trainer
with our loss and our batches. `step/` computes an optimizer step, `strategies/` distributes a model
over processes, `optim/` has optimizers and averages of weights, `checkpoints/` what a run resumes
from, and `callbacks/` what happens beside the loop. `planning/` is what `t5tune plan` shows, and
`preview/` what `t5tune data` shows.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

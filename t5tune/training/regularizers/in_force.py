"""What the regularizers of a run change, together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from transformers import TrainerCallback

from t5tune.data.batching.steps import Batch
from t5tune.training.regularizers.perturbed_passes import PerturbedPasses
from t5tune.training.regularizers.regularizer import Noise
from t5tune.training.step.gradients import NumItems
from t5tune.training.step.objective import Objective


class Regularization:
    """What regularizers change of training; nothing by default.

    Args:
        terms: Names of the regularizers with a part of the loss, which is logged by itself.
        noises: Changes of the sources.
        objective: Objective in place of the ordinary one.
        passes: Passes over a piece in place of a single one.
        callbacks: Callbacks of the trainer.
    """

    def __init__(
        self,
        terms: Sequence[str] = (),
        noises: Sequence[Noise] = (),
        objective: Objective | None = None,
        passes: PerturbedPasses | None = None,
        callbacks: Sequence[TrainerCallback] = (),
    ) -> None:
        self.terms = terms
        self.objective = objective
        self.callbacks = callbacks
        self._noises = noises
        self._passes = passes
        self._noted: dict[str, torch.Tensor] = {}  # terms of the present piece

    def add_noise(self, batches: list[Batch], step: int) -> list[Batch]:
        """Return the batches of a step, counted from 0, as the model reads them."""
        for noise in self._noises:
            batches = [noise(batch, step) for batch in batches]
        return batches

    def note(self, name: str, term: torch.Tensor) -> None:
        """Add to a term of the piece that is computed; its scale is that of the loss."""
        self._noted[name] = self._noted[name] + term if name in self._noted else term

    def run_passes(
        self,
        piece: Batch,
        num_items: NumItems,
        add_pass: Callable[[NumItems, bool], torch.Tensor],
        *,
        is_last: bool,
    ) -> torch.Tensor:
        """Compute a piece of a step in one or several passes.

        Args:
            piece: Batch or part of one.
            num_items: Number that losses are divided by; None counts the piece's target tokens.
            add_pass: Function that adds the gradients of a pass and returns its loss. Takes the
                number that its loss is divided by, and whether no other pass of the step follows.
            is_last: Whether no other piece of the step follows.

        Returns:
            The piece's part of the loss, and of each of the terms, shape (1 + num_terms,).
        """
        self._noted = {}
        passes = self._passes
        if passes is None:
            loss = add_pass(num_items, is_last)
        else:
            # Each pass is a share of the mean. Where the number is None, only memory matters.
            shared = num_items if num_items is None else num_items * passes.num_passes
            loss, added = passes.run(piece, lambda last: add_pass(shared, last), is_last=is_last)
            self.note(passes.name, added)
        return torch.stack([loss, *(self._noted[name] for name in self.terms)])

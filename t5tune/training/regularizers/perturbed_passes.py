"""Several passes over a batch, each with embeddings at which the loss is higher.

Source and target embeddings are perturbed, as Sato et al. (2019) found best for translation. The
length of a perturbation is relative to the norm of the embeddings of its example and side, which
takes the place of the normalized embeddings of Miyato et al. (2017): one number suits families
whose embeddings differ in size. No other example has a part in it, so that the result does not
depend on how a step is split.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from transformers import PreTrainedModel

from t5tune.data.batching.steps import Batch
from t5tune.data.encoding import IGNORED
from t5tune.errors import T5TuneError

SIDES = 2  # source and target, in the order in which a model embeds them
_TINY = 1e-30  # in place of the norm of a gradient that is zero

# Adds the gradients of a pass, and returns its part of the loss. It is told whether it is the last.
AddPass = Callable[[bool], torch.Tensor]


@dataclass
class _Side:
    """The embeddings of one side of a piece, all of shape (num_rows, length, d_model)."""

    segments: torch.Tensor  # which example each position belongs to; 0 is padding
    embeddings: torch.Tensor | None = None  # without perturbation
    gradient: torch.Tensor | None = None
    perturbation: torch.Tensor | None = None


class PerturbedPasses:
    """Passes over each piece of a step: the first one plain, the others perturbed.

    The loss is the mean of those of all passes, and its gradient that of the weights only.

    Args:
        name: Key of the regularizer in the recipe.
        model: Model without wrappers.
        epsilon: Longest perturbation, as a share of the norm of an example's embeddings.
        num_passes: Number of passes, at least two.
        step_size: Length of one ascent, as a share of the same norm.
    """

    def __init__(
        self, name: str, model: PreTrainedModel, epsilon: float, num_passes: int, step_size: float
    ) -> None:
        self.name = name
        self.num_passes = num_passes
        self._epsilon = epsilon
        self._step_size = step_size
        stacks = (model.get_encoder(), model.get_decoder())
        layers = {id(layer): layer for layer in (one.get_input_embeddings() for one in stacks)}
        self._layers = list(layers.values())
        self._sides: list[_Side] = []
        self._num_calls = 0

    def run(
        self, piece: Batch, add_pass: AddPass, *, is_last: bool
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Compute all passes of a piece.

        Args:
            piece: Batch or part of one.
            add_pass: Function that computes a pass as its share of the mean.
            is_last: Whether no other piece of the step follows.

        Returns:
            The loss, and how much of it the perturbations have added.
        """
        losses = []
        with self._hooked(piece):
            for number in range(1, self.num_passes + 1):
                self._num_calls = 0
                losses.append(add_pass(is_last and number == self.num_passes))
                if number < self.num_passes:
                    self._ascend()
        loss = functools.reduce(torch.add, losses)
        return loss, loss - self.num_passes * losses[0]

    @contextmanager
    def _hooked(self, piece: Batch) -> Iterator[None]:
        """Let the embeddings of a piece be perturbed inside the block."""
        masks = piece["attention_mask"], piece["labels"].ne(IGNORED).long()
        names = "source_segments", "target_segments"
        self._sides = [
            _Side(piece.get(name, mask)) for name, mask in zip(names, masks, strict=True)
        ]
        hooks = [layer.register_forward_hook(self._perturb) for layer in self._layers]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()
            self._sides = []

    def _perturb(self, layer: Any, inputs: Any, embeddings: torch.Tensor) -> torch.Tensor:
        """Return perturbed embeddings, whose gradient is kept."""
        if self._num_calls == SIDES:
            raise self._refuse("embeds tokens more than once for each side")
        side = self._sides[self._num_calls]
        self._num_calls += 1
        if side.embeddings is None:
            side.embeddings = embeddings.detach()
        if side.perturbation is not None:
            embeddings = embeddings + side.perturbation
        if not embeddings.requires_grad:  # the table is frozen
            embeddings = embeddings.detach().requires_grad_()
        keep = functools.partial(setattr, side, "gradient")
        embeddings.register_hook(keep)  # type: ignore[no-untyped-call]  # torch leaves it so
        return embeddings

    def _ascend(self) -> None:
        """Move the embeddings of each example to where its loss rises fastest, and not too far."""
        for side in self._sides:
            if side.embeddings is None or side.gradient is None:
                raise self._refuse("does not embed the tokens of both sides")
            together = self._find_neighbours(side)
            norm = _norm(side.embeddings, together)
            step = side.gradient / _norm(side.gradient, together).clamp_min(_TINY)
            moved = self._step_size * norm * step
            if side.perturbation is not None:
                moved += side.perturbation
                limit = self._epsilon * norm / _norm(moved, together).clamp_min(_TINY)
                moved *= limit.clamp_max(1.0)
            side.perturbation = moved.to(side.embeddings.dtype)
            side.gradient = None

    def _find_neighbours(self, side: _Side) -> torch.Tensor:
        """Return 1 where two positions belong to one example, shape (num_rows, length, length)."""
        assert side.embeddings is not None
        num_rows, length = side.embeddings.shape[:2]
        segments = side.segments.to(side.embeddings.device, non_blocking=True)
        segments = segments.repeat(num_rows // len(segments), 1)  # R-Drop has each row twice
        if segments.shape != (num_rows, length):
            raise self._refuse("embeds other positions than those of the batch")
        same = (segments[:, :, None] == segments[:, None, :]) & (segments > 0)[:, :, None]
        return same.float()

    def _refuse(self, what: str) -> T5TuneError:
        return T5TuneError(
            f"training.regularization.{self.name}: this model {what}, so its embeddings cannot be "
            "perturbed by example.",
            next_command=f"the same command with training.regularization.{self.name}=null",
        )


def _norm(values: torch.Tensor, together: torch.Tensor) -> torch.Tensor:
    """Return the norm over all positions of an example, shape (num_rows, length, 1)."""
    squares = values.float().square().sum(dim=-1, keepdim=True)
    # In fp32 whatever autocast is in force: this is outside the forward.
    return (together @ squares).sqrt()

"""Noticing that training has gone wrong, while there is still a good checkpoint."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch.nn.utils import get_total_norm

from t5tune.distributed.processes import place, total
from t5tune.distributed.sharded_tensors import local_shard
from t5tune.errors import T5TuneError
from t5tune.training.checkpoints.store import PREFIX
from t5tune.training.checkpoints.writer import CheckpointWriter

# A loss has diverged when it stays above FACTOR times the lowest one plus MARGIN nats for
# SUSTAINED_STEPS. Spikes of a few steps, which training survives, and the noise of losses near
# zero stay below.
FACTOR = 2.0
MARGIN = 1.0
SUSTAINED_STEPS = 100


class DivergenceWatch:
    """Watch that ends training when loss or weights are not finite, or the loss far above before.

    The writer of checkpoints and the learning rate are for the message and its advice.
    """

    def __init__(
        self, checkpoints: CheckpointWriter, learning_rate: float, logging_steps: int
    ) -> None:
        self.checkpoints = checkpoints
        self.learning_rate = learning_rate
        self.logging_steps = logging_steps
        self._pending: torch.Tensor | None = None
        self._checked_step: int | None = None

    def add(self, loss: torch.Tensor, step: int) -> None:
        """Check the loss of an optimizer step.

        On a CPU it is checked at once, before the weights are touched. On a GPU a check after every
        step would wait for it, so `check_pending` does it.

        Raises:
            T5TuneError: The loss is not finite.
        """
        if loss.device.type == "cpu":
            self._check_finite(loss, f"at step {step}")
        else:
            self._pending = loss if self._pending is None else self._pending + loss

    def check_pending(self, step: int) -> None:
        """Check, before anything is logged or saved, that all losses were finite.

        Raises:
            T5TuneError: A loss was not.
        """
        if self._pending is not None:
            self._check_finite(self._pending, f"at or before step {step}")
            self._pending = None

    def check_weights(self, model: torch.nn.Module, step: int) -> None:
        """Check, before weights are validated or saved, that the last step has not ruined them.

        The loss of a step is that of the weights before it. Each process looks at its shards. A
        norm in fp32 is also infinite where weights are beyond 1e19 and compute nothing any more; it
        takes a fraction of the time of looking at each number.

        Raises:
            T5TuneError: The norm of the weights is not finite.
        """
        if step == self._checked_step:
            return
        shards = [local_shard(p) for p in model.parameters() if p.requires_grad]
        norm = total(float(get_total_norm(shards)))
        if not math.isfinite(norm):
            raise self._error(f"the norm of the weights is {norm} after step {step}")
        self._checked_step = step

    def check_logged(self, losses: Sequence[float], step: int, best_step: int | None) -> None:
        """Check that the losses logged until this step have not diverged.

        Raises:
            T5TuneError: They have.
        """
        num_last = max(3, math.ceil(SUSTAINED_STEPS / self.logging_steps))
        if not has_diverged(losses, num_last):
            return
        best = self.checkpoints.directory / f"{PREFIX}{best_step}"
        raise self._error(
            f"the loss was down to {min(losses):.3f} and has been above "
            f"{min(losses[-num_last:]):.3f} for {num_last * self.logging_steps} steps, up to step "
            f"{step}",
            f"{best} validated best" if best_step else None,
        )

    def _check_finite(self, loss: torch.Tensor, when: str) -> None:
        """Check each process's part; a fault in one ends all of them."""
        value = total(float(loss)) / place().num_processes
        if not math.isfinite(value):
            raise self._error(f"the loss is {value} {when}")

    def _error(self, what: str, kept: str | None = None) -> T5TuneError:
        return T5TuneError(
            f"training diverged: {what}; {kept or self.checkpoints.name_last()}.",
            next_command="the same command with "
            f"training.learning_rate={self.learning_rate / 3:.2g} --restart",
        )


def has_diverged(losses: Sequence[float], num_last: int) -> bool:
    """Return whether the newest losses are all far above the lowest one before them."""
    before, last = losses[:-num_last], losses[-num_last:]
    return bool(before) and min(last) > FACTOR * min(before) + MARGIN

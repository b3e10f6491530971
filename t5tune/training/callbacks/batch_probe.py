"""`tokens_per_batch: auto`: the largest batch that fits, found before the first step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from transformers import TrainerCallback, TrainerState

from t5tune.data.batching.steps import Batch, count_padded_tokens
from t5tune.distributed.processes import smallest
from t5tune.errors import T5TuneError
from t5tune.training.random_numbers import keeping_random_state
from t5tune.training.step.batch_limit import BatchLimit
from t5tune.training.step.memory import NEXT_COMMAND, GpuMemory, MainMemory, find_largest_batch


@dataclass(frozen=True)
class LongestBatch:
    """The batch of a plan that needs most memory."""

    batch: Batch  # tensors of shape (num_rows, length)
    tokens_per_batch: int  # the limit where that batch fits


class BatchProbe(TrainerCallback):
    """Probe that tries larger and larger batches before training.

    Weights, optimizer and random numbers are restored afterwards. Nothing is tried if there is a
    limit already, from an earlier part of the run.
    """

    def __init__(
        self,
        longest: LongestBatch,
        limit: BatchLimit,
        try_batch: Callable[[Batch], None],
        model: torch.nn.Module,
        optimizer: torch.optim.Optimizer,
    ) -> None:
        self.longest = longest  # of which some or all rows are tried
        self.limit = limit  # set to what fits
        self.try_batch = try_batch  # runs forward and backward
        self.model = model
        self.optimizer = optimizer

    def on_train_begin(self, args: Any, state: TrainerState, *_: Any, **__: Any) -> None:
        if self.limit.tokens is not None:
            return
        batch = self.longest.batch
        num_rows = len(batch["labels"])
        with keeping_random_state():
            # Each process checks its own memory; all take what fits in every one.
            fitting = int(smallest(self._find(num_rows)))
        tokens_per_row = count_padded_tokens(batch) // num_rows
        if fitting == 0:
            raise T5TuneError(
                f"out of memory: not even a batch of one row, {tokens_per_row} tokens, fits.",
                next_command=NEXT_COMMAND,
            )
        # Where all rows fit, so does the full budget, which they may not use up.
        budget = self.longest.tokens_per_batch
        self.limit.change(state, fitting * tokens_per_row if fitting < num_rows else budget)

    def _find(self, num_rows: int) -> int:
        """Return how many rows of the longest batch fit beside weights, gradients and optimizer."""
        meter = GpuMemory() if torch.cuda.is_available() else MainMemory()
        model, optimizer = self.model, self.optimizer
        weights = [p.detach().cpu().clone() for p in model.parameters()]
        is_new = not optimizer.state

        def try_rows(rows: int) -> None:
            self.try_batch({name: tensor[:rows] for name, tensor in self.longest.batch.items()})

        def allocate_rest() -> None:
            try_rows(1)
            if is_new:
                optimizer.step()

        try:
            if find_largest_batch(lambda _: allocate_rest(), 1, meter) == 0:
                return 0
            return find_largest_batch(try_rows, num_rows, meter)
        finally:
            with torch.no_grad():
                for parameter, weight in zip(model.parameters(), weights, strict=True):
                    parameter.copy_(weight)
            if is_new:
                optimizer.state.clear()
            model.zero_grad()

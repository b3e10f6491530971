"""`tokens_per_batch: auto`: the largest batch that fits, found before the first step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from t5tune.data.batching.steps import Batch, count_padded_tokens
from t5tune.distributed.processes import smallest
from t5tune.errors import T5TuneError
from t5tune.training.memory import (
    NEXT_COMMAND,
    GpuMemory,
    MainMemory,
    MemoryMeter,
    find_largest_batch,
)

if TYPE_CHECKING:
    from t5tune.training.trainer import T5TuneTrainer


class BatchProbe(TrainerCallback):
    """Try larger and larger batches before training.

    Weights, optimizer and random numbers are restored afterwards. Nothing is tried if the trainer
    already has a limit, from an earlier part of the run.

    Args:
        trainer: Its `batch_limit` is set if the longest batch does not fit.
        longest: Batch that needs most memory; tensors of shape (num_rows, length).
        tokens_per_batch: Limit where that batch fits.
    """

    def __init__(self, trainer: T5TuneTrainer, longest: Batch, tokens_per_batch: int) -> None:
        self.trainer = trainer
        self.longest = longest
        self.tokens_per_batch = tokens_per_batch

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        if self.trainer.batch_limit is not None:
            return
        num_rows = len(self.longest["labels"])
        meter = GpuMemory() if torch.cuda.is_available() else MainMemory()
        with torch.random.fork_rng():
            # Each process looks at its own memory; all take what fits everywhere.
            fitting = int(smallest(self._find(num_rows, meter)))
        tokens_per_row = count_padded_tokens(self.longest) // num_rows
        if fitting == 0:
            raise T5TuneError(
                f"out of memory: not even a batch of one row, {tokens_per_row} tokens, fits.",
                next_command=NEXT_COMMAND,
            )
        # Where all rows fit, so does the whole budget, which they may not use up.
        limit = fitting * tokens_per_row if fitting < num_rows else self.tokens_per_batch
        self.trainer.batch_limit = limit
        self.trainer.on_limit(limit)

    def _find(self, num_rows: int, meter: MemoryMeter) -> int:
        """Return how many rows of the longest batch fit beside weights, gradients and optimizer."""
        model, optimizer = self.trainer.model_wrapped, self.trainer.optimizer
        weights = [p.detach().cpu().clone() for p in model.parameters()]
        is_new = not optimizer.state

        def try_rows(rows: int) -> None:
            batch = {name: tensor[:rows] for name, tensor in self.longest.items()}
            self.trainer.compute_gradients(model, [batch], None, is_trial=True)

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

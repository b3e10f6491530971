"""Optimizer steps of an epoch, and the part of each step that a process computes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import torch

from t5tune.console import track
from t5tune.data.batching.plans import BatchPlan, LazyList

if TYPE_CHECKING:
    from t5tune.data.batching.streamed_steps import StreamedSteps

Batch = dict[str, torch.Tensor]
Collate = Callable[[Any], Batch]


class OptimizerSteps(torch.utils.data.Sampler[list[Any]]):
    """Optimizer steps of each epoch; a step is a list of batches.

    A step is `batches_per_step` batches of the plan, whatever the number of processes: they deal
    the batches out, or split each one if there are fewer batches than processes. Every
    process makes the same number of calls in a step; one that has too few batches gets empty
    ones, which add nothing to the gradient.

    Args:
        plan: Batch plan of the run.
        batches_per_step: Number of batches in one optimizer step; fewer at the end of an epoch.
        rank: Rank of this process, from 0.
        num_ranks: Number of processes.
    """

    def __init__(
        self, plan: BatchPlan, batches_per_step: int, rank: int = 0, num_ranks: int = 1
    ) -> None:
        self.plan = plan
        self.batches_per_step = batches_per_step
        self.rank = rank
        self.num_ranks = num_ranks

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch of the next iteration."""
        self.plan.set_epoch(epoch)

    def __len__(self) -> int:
        """Return the number of steps of every epoch."""
        return -(-len(self.plan) // self.batches_per_step)

    def __iter__(self) -> Iterator[list[Any]]:
        yield from self.plan_epoch(self.plan.epoch)

    @track("planning the batches of the epoch")
    def plan_epoch(self, epoch: int) -> Sequence[list[Any]]:
        """Return the batches of this process in each step of an epoch."""
        batches = self.plan.plan_epoch(epoch)
        size = self.batches_per_step
        return LazyList(
            len(self),
            lambda step: deal_batches(
                batches[step * size : (step + 1) * size], size, self.rank, self.num_ranks
            ),
        )


def deal_batches(
    step: Sequence[Any], batches_per_step: int, rank: int, num_ranks: int
) -> list[Any]:
    """Return the batches of one process in a step; see `OptimizerSteps`.

    Args:
        step: Batches of all processes.
        batches_per_step: Number of batches in a step, which may have fewer at the end of an epoch.
        rank: Rank of the process, from 0.
        num_ranks: Number of processes.
    """
    pieces_per_batch = -(-num_ranks // batches_per_step)
    pieces = [
        batch[i::pieces_per_batch]  # every other row, so that lengths are similar
        for batch in step
        for i in range(pieces_per_batch)
    ]
    own: list[Any] = pieces[rank::num_ranks]
    most = -(-len(pieces) // num_ranks)
    return own + [[]] * (most - len(own))


class StepLoader(torch.utils.data.DataLoader[Any]):
    """Yields the tensors of one optimizer step at a time: a list of batches.

    Args:
        dataset: Data set that takes the lists of a step's batches as an index.
        steps: Steps of each epoch.
        collate: Function that makes the tensors of a batch.
        **arguments: Arguments of `torch.utils.data.DataLoader`.
    """

    def __init__(
        self,
        dataset: Any,
        steps: OptimizerSteps | StreamedSteps,
        collate: Collate,
        **arguments: Any,
    ) -> None:
        super().__init__(
            dataset, batch_sampler=steps, collate_fn=StepCollator(collate), **arguments
        )
        self.steps = steps

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch of the next iteration; the Trainer calls this."""
        self.steps.set_epoch(epoch)


class StepCollator:
    """Collates every batch of a step. It is a class so that it can be sent to a loader's worker."""

    def __init__(self, collate: Collate) -> None:
        self.collate = collate

    def __call__(self, step: list[Any]) -> list[Batch]:
        return [self.collate(batch) for batch in step]


def count_padded_tokens(batch: Batch) -> int:
    """Return the number of source and target positions of a batch, with padding."""
    return batch["input_ids"].numel() + batch["labels"].numel()


def split_batch(batch: Batch, limit: int | None) -> list[Batch]:
    """Split a batch into pieces of at most `limit` tokens, with padding; rows are never cut.

    Args:
        batch: Tensors of shape (num_rows, length).
        limit: Number of source and target positions; None splits nothing.
    """
    num_rows = len(batch["labels"])
    if limit is None:
        return [batch]
    rows_per_piece = max(1, limit * num_rows // count_padded_tokens(batch))
    num_pieces = -(-num_rows // rows_per_piece)
    if num_pieces == 1:
        return [batch]
    return [
        {name: tensor[i::num_pieces] for name, tensor in batch.items()} for i in range(num_pieces)
    ]

"""The share of one process in a plan of batches."""

from __future__ import annotations

from typing import Any

from t5tune.data.batching import BatchPlan


class RankBatches(BatchPlan):
    """What one of several processes computes of each optimizer step.

    A step is `batches_per_step` batches of the plan, whatever the number of processes: they deal
    the batches out, or split each one where there are fewer batches than processes. All
    processes make the same number of calls; one that has no part in a step gets an empty batch,
    which adds nothing to the gradient.

    Args:
        plan: Of the whole run.
        batches_per_step: Of the plan, in one optimizer step; fewer at the end of an epoch.
        rank: Of this process, from 0.
        num_ranks: Processes.

    Attributes:
        rank_batches_per_step: Batches of this and of every other process in a step.
    """

    def __init__(self, plan: BatchPlan, batches_per_step: int, rank: int, num_ranks: int) -> None:
        super().__init__(plan.seed)
        self.plan = plan
        self.batches_per_step = batches_per_step
        self.rank = rank
        self.num_ranks = num_ranks
        self.pieces_per_batch = -(-num_ranks // batches_per_step)
        pieces_per_step = batches_per_step * self.pieces_per_batch
        self.rank_batches_per_step = -(-pieces_per_step // num_ranks)

    def __len__(self) -> int:
        return -(-len(self.plan) // self.batches_per_step) * self.rank_batches_per_step

    def plan_epoch(self, epoch: int) -> list[list[Any]]:
        """The batches of this process, `rank_batches_per_step` for each step of the epoch."""
        batches = self.plan.plan_epoch(epoch)
        own: list[list[Any]] = []
        for start in range(0, len(batches), self.batches_per_step):
            pieces = [
                batch[i :: self.pieces_per_batch]  # every other one: equally long examples
                for batch in batches[start : start + self.batches_per_step]
                for i in range(self.pieces_per_batch)
            ]
            mine = pieces[self.rank :: self.num_ranks]
            own += mine + [[]] * (self.rank_batches_per_step - len(mine))
        return own

"""Batches of a run whose mixture changes with its steps."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from t5tune.data.batching.plans import BatchPlan, LazyList


class PhasedBatches(BatchPlan):
    """Batches of one plan after another; the whole run is one epoch.

    Args:
        plans: Plan of each phase, whose epochs follow each other until the next phase begins.
        begins: Number of batches before each phase, from 0.
        num_batches: Number of batches of the run.
    """

    def __init__(self, plans: Sequence[BatchPlan], begins: Sequence[int], num_batches: int) -> None:
        super().__init__(plans[0].seed)
        self._plans = plans
        self._begins = begins
        self._num_batches = num_batches
        self._planned: tuple[tuple[int, int], Sequence[Any]] | None = None

    @property
    def former(self) -> BatchPlan:
        return self._plans[0]

    def list_parts(self) -> Sequence[tuple[BatchPlan, int]]:
        ends = [*self._begins[1:], self._num_batches]
        pairs = zip(self._plans, self._begins, ends, strict=True)
        return [(plan, end - begin) for plan, begin, end in pairs]

    def __len__(self) -> int:
        return self._num_batches

    def plan_epoch(self, epoch: int) -> Sequence[Any]:
        return LazyList(self._num_batches, self._find_batch)

    def _find_batch(self, number: int) -> Any:
        phase = bisect_right(self._begins, number) - 1
        plan = self._plans[phase]
        epoch, place = divmod(number - self._begins[phase], len(plan))
        if self._planned is None or self._planned[0] != (phase, epoch):
            self._planned = (phase, epoch), plan.plan_epoch(epoch)
        return self._planned[1][place]

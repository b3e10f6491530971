"""The source and target tokens of a run's batches, counted from the lengths of their examples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from t5tune.data.batching.epoch_rows import Indices, Lengths
from t5tune.data.batching.packing import PackedBatches
from t5tune.data.batching.plans import BatchPlan


class EpochTokens(NamedTuple):
    """Tokens of an epoch.

    Attributes:
        num_examples: Number of examples.
        num_batches: Number of batches.
        real: Number of source and target tokens.
        padded: Number of positions, those of padding counted.
    """

    num_examples: int
    num_batches: int
    real: int
    padded: int

    @property
    def real_share(self) -> float:
        """Share of the positions that are not padding, from 0 to 1."""
        return self.real / self.padded


def count_epoch_tokens(plan: BatchPlan, sources: Lengths, targets: Lengths) -> EpochTokens:
    """Count the tokens of the first epoch of a plan, without making its batches.

    Of a mixture that changes, the first epoch of each phase stands for the others.

    Args:
        plan: Batch plan of a run.
        sources: Number of tokens of each source, shape (num_rows,).
        targets: Number of tokens of each target, shape (num_rows,).
    """
    counted = [
        [count * num_batches / len(part) for count in _count_plan(part, sources, targets)]
        for part, num_batches in plan.list_parts()
    ]
    return EpochTokens(*(round(sum(of_parts)) for of_parts in zip(*counted, strict=True)))


def _count_plan(plan: BatchPlan, sources: Lengths, targets: Lengths) -> EpochTokens:
    batches = plan.plan_epoch(0)
    if isinstance(plan, PackedBatches):
        rows = plan.rows.find(0)
        real = int(sources[rows].sum()) + int(targets[rows].sum())
        padded = len(plan) * plan.rows_per_batch * sum(plan.row_lengths)
        return EpochTokens(plan.num_examples, len(plan), real, padded)
    order = np.concatenate(batches)
    real = int(sources[order].sum()) + int(targets[order].sum())
    padded = int(count_positions(batches, sources, targets).sum())
    return EpochTokens(len(order), len(batches), real, padded)


def count_positions(
    batches: Sequence[Indices], sources: Lengths, targets: Lengths
) -> NDArray[np.int64]:
    """Return the positions of each batch of examples, padding counted, shape (num_batches,)."""
    sizes = np.fromiter(map(len, batches), np.int64, len(batches))
    starts, order = np.cumsum(sizes) - sizes, np.concatenate(batches)
    widths = [np.maximum.reduceat(side[order], starts) for side in (sources, targets)]
    positions: NDArray[np.int64] = sizes * (widths[0].astype(np.int64) + widths[1])
    return positions

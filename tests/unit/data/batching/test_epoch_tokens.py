"""Counted tokens beside those of batches that were made."""

from __future__ import annotations

import numpy as np
import pytest

from t5tune.data.batching.epoch_tokens import EpochTokens, count_epoch_tokens
from t5tune.data.batching.formed_batches import TokenBudgetBatches
from t5tune.data.batching.phases import PhasedBatches
from t5tune.data.batching.plans import BatchPlan, FixedSizeBatches

SOURCES, TARGETS = (np.random.default_rng(seed).integers(1, 30, 101) for seed in (1, 2))


def count_by_hand(plan: BatchPlan) -> EpochTokens:
    """Count the tokens of each batch of the first epoch."""
    num_examples = num_batches = real = padded = 0
    for batch in plan.plan_epoch(0):
        sources, targets = SOURCES[batch], TARGETS[batch]
        num_examples, num_batches = num_examples + len(batch), num_batches + 1
        real += sources.sum() + targets.sum()
        padded += len(batch) * (sources.max() + targets.max())
    return EpochTokens(num_examples, num_batches, int(real), int(padded))


@pytest.mark.parametrize(
    "plan",
    [
        FixedSizeBatches(101, 8, seed=3),
        TokenBudgetBatches(SOURCES, TARGETS, 200, seed=3),
        # 13 batches, and those of one epoch of the second phase.
        PhasedBatches(
            [FixedSizeBatches(101, 8, seed=3), FixedSizeBatches(101, 20, seed=4)], [0, 13], 19
        ),
    ],
    ids=["fixed", "budget", "phases"],
)
def test_tokens_are_those_of_the_batches(plan: BatchPlan) -> None:
    assert count_epoch_tokens(plan, SOURCES, TARGETS) == count_by_hand(plan)


def test_the_first_epoch_of_a_phase_stands_for_the_others() -> None:
    first, second = FixedSizeBatches(101, 8, seed=3), FixedSizeBatches(101, 20, seed=4)
    counted = count_epoch_tokens(PhasedBatches([first, second], [0, 26], 29), SOURCES, TARGETS)
    one, other = count_by_hand(first), count_by_hand(second)
    assert counted.num_batches == 29
    assert counted.padded == round(2 * one.padded + other.padded / 2)

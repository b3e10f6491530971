"""A seed has the batches that it always had: a run that resumes sees the rest of its epoch.

The functions that begin with `reference_` are loops over examples, as the batches were formed
when the first runs were made.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t5tune.data.batching import first_fit, ordering, packing
from t5tune.data.batching.formed_batches import TokenBudgetBatches
from t5tune.data.batching.packing import PackedBatches, choose_row_lengths

Lengths = np.ndarray[Any, np.dtype[np.int64]]
Parts = list[list[int]]
EPOCHS = (0, 1, 2, 5)


def reference_parts(
    sources: Lengths, targets: Lengths, budget: int, generator: np.random.Generator
) -> Parts:
    """Form the batches of a token budget."""
    target_key = targets + generator.uniform(0, 1, len(targets))
    source_key = sources + generator.uniform(0, 1, len(sources))
    order = np.argsort(target_key, kind="stable")
    cost = np.cumsum((sources + targets)[order])
    pool_batches = min(12, max(1.0, round(0.75 * (cost[-1] / budget) ** 0.5)))
    pool_of = cost // (pool_batches * budget)
    batches: Parts = []
    for pool in np.split(order, np.flatnonzero(np.diff(pool_of)) + 1):
        ordered = pool[np.argsort(source_key[pool], kind="stable")].tolist()
        batch: list[int] = []
        for i in ordered:
            longer = [*batch, i]
            if batch and len(longer) * (sources[longer].max() + targets[longer].max()) > budget:
                batches.append(batch)
                longer = [i]
            batch = longer
        batches.append(batch)
    return batches


def reference_epochs(sources: Lengths, targets: Lengths, budget: int, seed: int) -> list[Parts]:
    """Plan epochs of a token budget."""
    counts = [
        len(reference_parts(sources, targets, budget, np.random.default_rng([seed, epoch])))
        for epoch in range(3)
    ]
    num_batches = min(max(counts) + max(1, max(counts) // 100), len(sources))
    epochs = []
    for epoch in EPOCHS:
        generator = np.random.default_rng([seed, epoch])
        for _ in range(8):
            batches = reference_parts(sources, targets, budget, generator)
            if len(batches) <= num_batches:
                break
        else:
            batches = reference_parts(sources, targets, budget, np.random.default_rng([seed, 0]))
        batches.sort(key=len)
        while len(batches) < num_batches:
            largest = batches.pop()
            batches += [largest[: len(largest) // 2], largest[len(largest) // 2 :]]
            batches.sort(key=len)
        epochs.append([batches[i] for i in generator.permutation(len(batches))])
    return epochs


def reference_rows(
    sources: Lengths,
    targets: Lengths,
    row_lengths: tuple[int, int],
    pool_examples: int,
    generator: np.random.Generator,
) -> Parts:
    """Pack rows, first-fit decreasing."""
    order = generator.permutation(len(sources))
    rows: Parts = []
    for start in range(0, len(order), pool_examples):
        pool = order[start : start + pool_examples]
        own: Parts = []
        for i in pool[np.argsort(-(sources + targets)[pool], kind="stable")].tolist():
            for row in own:
                sums = sources[[*row, i]].sum(), targets[[*row, i]].sum()
                if sums[0] <= row_lengths[0] and sums[1] <= row_lengths[1]:
                    row.append(i)
                    break
            else:
                own.append([i])
        rows += own
    return rows


def reference_packed_epochs(
    sources: Lengths,
    targets: Lengths,
    row_lengths: tuple[int, int],
    budget: int,
    seed: int,
    pool_examples: int,
) -> list[list[Parts]]:
    """Plan epochs of packed rows."""

    def pack(generator: np.random.Generator) -> Parts:
        return reference_rows(sources, targets, row_lengths, pool_examples, generator)

    most = max(len(pack(np.random.default_rng([seed, epoch]))) for epoch in range(3))
    rows_per_batch = max(1, budget // sum(row_lengths))
    num_batches = min(-(-most * 101 // (100 * rows_per_batch)) + 1, len(sources))
    epochs = []
    for epoch in EPOCHS:
        generator = np.random.default_rng([seed, epoch])
        for _ in range(8):
            rows = pack(generator)
            if len(rows) <= num_batches * rows_per_batch:
                break
        else:
            rows = pack(np.random.default_rng([seed, 0]))
        while len(rows) < num_batches:
            longest = max(rows, key=len)
            rows.remove(longest)
            rows += [longest[: len(longest) // 2], longest[len(longest) // 2 :]]
        order = generator.permutation(len(rows))
        epochs.append([[rows[i] for i in part] for part in np.array_split(order, num_batches)])
    return epochs


@st.composite
def examples(draw: st.DrawFn) -> tuple[Lengths, Lengths]:
    """Draw lengths: few or many of the same, sides alike or not, some far longer."""
    num, longest, seed = draw(st.integers(1, 300)), draw(st.integers(1, 50)), draw(st.integers(0))
    generator = np.random.default_rng(seed)
    sources = generator.integers(1, longest + 1, num)
    if draw(st.booleans()):
        targets = np.clip(sources + generator.integers(-2, 3, num), 1, None)
    else:
        targets = generator.integers(1, longest + 1, num)
    if draw(st.booleans()):
        sources[generator.integers(num)] *= draw(st.sampled_from([10, 70_000]))
    return sources, targets


@settings(max_examples=60, deadline=None)
@given(
    examples(), st.integers(1, 600), st.integers(0, 2**32 - 1), st.sampled_from([1, 40, 1 << 15])
)
def test_batches_of_a_token_budget(
    lengths: tuple[Lengths, Lengths], budget: int, seed: int, together: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ordering, "CUT_TOGETHER", together)
        plan = TokenBudgetBatches(*lengths, budget, seed)
        epochs = [[batch.tolist() for batch in plan.plan_epoch(epoch)] for epoch in EPOCHS]
    assert epochs == reference_epochs(*lengths, budget, seed)


def test_keys_that_are_equal_stay_in_order() -> None:
    keys = np.array([2.5, 1.5, 2.5, 1.5, 3.5, 3.5, 0.5] * 100)
    parts = np.array([0, 5, 300])
    expected = [
        start + np.argsort(keys[start:end], kind="stable")
        for start, end in ((0, 5), (5, 300), (300, 700))
    ]
    assert np.array_equal(ordering.sort_within(keys, parts), np.concatenate(expected))


@settings(max_examples=24, deadline=None)
@given(
    examples(),
    st.integers(0, 40),
    st.integers(1, 600),
    st.integers(0, 2**32 - 1),
    st.sampled_from([3, 50, 4096]),
    st.sampled_from([1, 1 << 12, 1 << 24]),
    st.sampled_from([4, 64]),
)
def test_packed_rows(
    lengths: tuple[Lengths, Lengths],
    more: int,
    budget: int,
    seed: int,
    pool_examples: int,
    table_entries: int,
    fewest_rounds: int,
) -> None:
    if lengths[0].max() > 1000:  # tables of all lengths are for rows of usual ones
        lengths = np.minimum(lengths[0], 40_000), lengths[1]
    source, target = choose_row_lengths(*lengths)
    row_lengths = source + more, target
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packing, "POOL_EXAMPLES", pool_examples)
        patch.setattr(first_fit, "TABLE_ENTRIES", table_entries)
        patch.setattr(first_fit, "FEWEST_ROUNDS", fewest_rounds)
        plan = PackedBatches(*lengths, row_lengths, budget, seed)
        epochs = [
            [[row.tolist() for row in batch] for batch in plan.plan_epoch(epoch)]
            for epoch in EPOCHS
        ]
    assert epochs == reference_packed_epochs(*lengths, row_lengths, budget, seed, pool_examples)


def test_examples_without_tokens_are_packed_too() -> None:
    lengths = np.array([0, 3, 0, 2, 0])
    plan = PackedBatches(lengths, lengths, (8, 8), 16, seed=1)
    assert sorted(i for batch in plan.plan_epoch(1) for row in batch for i in row) == [
        0,
        1,
        2,
        3,
        4,
    ]

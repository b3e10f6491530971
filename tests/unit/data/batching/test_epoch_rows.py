from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from t5tune.data.batching.epoch_rows import EpochRows, MixedPart, MixedRows, count_examples
from t5tune.data.batching.formed_batches import TokenBudgetBatches
from t5tune.data.batching.phases import PhasedBatches
from t5tune.data.batching.plans import FixedSizeBatches

LENGTHS = np.random.default_rng(0).integers(4, 90, 1300)
# 1,000 examples of which an epoch has 650, and 100 that it uses six or seven times.
PARTS = [MixedPart(0, 1000, 650), MixedPart(1000, 100, 650)]


def rows_of(rows: EpochRows, epoch: int) -> list[int]:
    found = rows.find(epoch)
    assert not isinstance(found, slice)
    return [int(row) for row in found]


@pytest.mark.parametrize(
    ("sizes", "weights", "most", "counts"),
    [
        ([7, 3], [7, 3], [7e9, 3e9], [7, 3]),
        ([900, 100], [1, 1], [9e9, 9e9], [500, 500]),
        ([10, 10, 11], [1, 1, 1], [99, 99, 99], [11, 10, 10]),
        ([900, 100], [1, 1], [900, 200], [800, 200]),  # what one lacks, the other has
        ([800, 100, 100], [1, 1, 8], [1600, 100, 300], [600, 100, 300]),
        ([4, 4], [1e-9, 1], [99, 99], [0, 8]),
    ],
)
def test_counts_are_as_near_to_the_shares_as_whole_numbers_can_be(
    sizes: Sequence[int], weights: Sequence[float], most: Sequence[float], counts: Sequence[int]
) -> None:
    assert count_examples(sizes, weights, most) == counts


def test_epochs_divide_up_whole_passes_over_each_part() -> None:
    mixed = MixedRows(PARTS, LENGTHS, seed=3)
    seen = Counter[int]()
    for epoch in range(5):
        rows = rows_of(mixed, epoch)
        assert [sum(row < 1000 for row in rows), sum(row >= 1000 for row in rows)] == [650, 650]
        seen.update(rows)
        for part in PARTS:
            uses = [seen[part.first + i] for i in range(part.num_examples)]
            assert max(uses) - min(uses) <= 1
    # In any order of epochs, and another one for another seed.
    again = MixedRows(PARTS, LENGTHS, seed=3)
    assert rows_of(again, 4) == rows
    assert rows_of(MixedRows(PARTS, LENGTHS, seed=4), 4) != rows


def test_each_pass_over_a_part_uses_its_next_round() -> None:
    parts = [MixedPart(0, 10, 15), MixedPart(30, 5, 5)]
    mixed = MixedRows(parts, np.ones(45, np.int64), seed=0, num_rounds=3)
    first, second = rows_of(mixed, 0), rows_of(mixed, 1)
    assert sorted(first[:10]) == list(range(10))
    assert {row // 10 for row in first[10:15]} == {1}
    assert sorted([*first[10:15], *second[:5]]) == list(range(10, 20))
    assert sorted(second[5:15]) == list(range(20, 30))
    assert [sorted(one[15:]) for one in (first, second)] == [[*range(30, 35)], [*range(35, 40)]]


def test_every_epoch_has_the_same_number_of_batches_within_the_budget() -> None:
    mixed = MixedRows(PARTS, LENGTHS, seed=1)
    plan = TokenBudgetBatches(LENGTHS // 2, LENGTHS - LENGTHS // 2, 900, seed=1, rows=mixed)
    for epoch in range(12):
        batches = plan.plan_epoch(epoch)
        assert len(batches) == len(plan)
        assert sorted(int(row) for one in batches for row in one) == sorted(rows_of(mixed, epoch))
        assert max(int((LENGTHS[one] // 2).max() * len(one)) for one in batches) <= 900
    tokens = [int(LENGTHS[rows_of(mixed, epoch)].sum()) for epoch in range(12)]
    assert max(tokens) < 1.01 * min(tokens)  # 1.06 if epochs were drawn without regard to lengths


def test_an_epoch_that_does_not_fit_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mixed = MixedRows(PARTS, LENGTHS, seed=1)
    plan = TokenBudgetBatches(LENGTHS, LENGTHS, 900, seed=1, rows=mixed)
    monkeypatch.setattr(TokenBudgetBatches, "most_parts", 1)
    rows = [int(row) for one in plan.plan_epoch(4) for row in one]
    assert sorted(rows) == sorted(rows_of(mixed, 1))
    assert "mixture: epoch 5 has the examples of epoch 2 again; its own do not fit into the" in (
        capsys.readouterr().err
    )


def test_phases_follow_each_other_and_stay_when_the_run_gets_longer() -> None:
    first = FixedSizeBatches(10, 5, seed=1)
    plan = PhasedBatches([first, FixedSizeBatches(6, 2, seed=2)], [0, 3], num_batches=8)
    batches = [batch.tolist() for batch in plan.plan_epoch(0)]
    expected = [*first.plan_epoch(0), first.plan_epoch(1)[0]]
    assert batches[:3] == [batch.tolist() for batch in expected]
    assert sorted(row for batch in batches[3:6] for row in batch) == list(range(6))
    assert len(plan) == len(batches) == 8
    longer = PhasedBatches([first, FixedSizeBatches(6, 2, seed=2)], [0, 3], num_batches=20)
    assert [batch.tolist() for batch in longer.plan_epoch(0)[:8]] == batches

from __future__ import annotations

import numpy as np
import pytest

from t5tune.data.batching import (
    FixedSizeBatches,
    PlannedDataLoader,
    TokenBudgetBatches,
    measure_real_token_share,
)
from t5tune.data.rank_batches import RankBatches


@pytest.fixture
def lengths() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    source = generator.integers(3, 60, 3000)
    return source, np.clip(source + generator.integers(-5, 6, 3000), 2, None)


def test_every_example_once_an_epoch_and_the_same_number_of_batches(
    lengths: tuple[np.ndarray, np.ndarray],
) -> None:
    plan = TokenBudgetBatches(*lengths, tokens_per_batch=1500, seed=7)
    for epoch in range(8):
        batches = plan.plan_epoch(epoch)
        assert len(batches) == len(plan)
        assert sorted(i for batch in batches for i in batch) == list(range(3000))


def test_no_batch_is_over_the_budget(lengths: tuple[np.ndarray, np.ndarray]) -> None:
    source, target = lengths
    for batch in TokenBudgetBatches(source, target, 1500, seed=7).plan_epoch(0):
        assert len(batch) * (source[batch].max() + target[batch].max()) <= 1500


def test_an_example_over_the_budget_is_alone() -> None:
    source, target = np.array([5, 5, 500, 5]), np.array([5, 5, 500, 5])
    batches = TokenBudgetBatches(source, target, 40, seed=0).plan_epoch(0)
    assert [2] in batches
    assert sorted(i for batch in batches for i in batch) == [0, 1, 2, 3]


def test_epochs_differ_and_are_repeatable(lengths: tuple[np.ndarray, np.ndarray]) -> None:
    first = TokenBudgetBatches(*lengths, tokens_per_batch=1500, seed=7)
    second = TokenBudgetBatches(*lengths, tokens_per_batch=1500, seed=7)
    assert first.plan_epoch(3) == second.plan_epoch(3)
    assert first.plan_epoch(3) != first.plan_epoch(4)
    other_seed = TokenBudgetBatches(*lengths, tokens_per_batch=1500, seed=8)
    assert first.plan_epoch(3) != other_seed.plan_epoch(3)
    # Not only the order of the batches changes but also which examples meet.
    sets = [{frozenset(batch) for batch in first.plan_epoch(e)} for e in (0, 1)]
    assert len(sets[0] & sets[1]) < len(sets[0]) / 10


def test_little_padding_is_left(lengths: tuple[np.ndarray, np.ndarray]) -> None:
    source, target = lengths
    plan = TokenBudgetBatches(source, target, 1500, seed=7)
    share = measure_real_token_share(plan.plan_epoch(0), source, target)
    random = measure_real_token_share(
        FixedSizeBatches(3000, 32, seed=7).plan_epoch(0), source, target
    )
    assert share > 0.9
    assert random < 0.65


def test_fixed_size_batches_hold_every_example_once() -> None:
    batches = FixedSizeBatches(103, 10, seed=1).plan_epoch(2)
    assert len(batches) == len(FixedSizeBatches(103, 10, seed=1)) == 11
    assert sorted(i for batch in batches for i in batch) == list(range(103))


def test_the_loader_passes_the_epoch_on() -> None:
    loader = PlannedDataLoader(
        list(range(20)), batch_sampler=FixedSizeBatches(20, 4, seed=1), collate_fn=list
    )
    loader.set_epoch(1)
    second = list(loader)
    loader.set_epoch(0)
    assert list(loader) != second
    loader.set_epoch(1)
    assert list(loader) == second


@pytest.mark.parametrize("num_ranks", [1, 2, 3, 5])
@pytest.mark.parametrize("batches_per_step", [1, 2, 4])
def test_processes_share_every_step_and_each_example_once(
    batches_per_step: int, num_ranks: int
) -> None:
    plan = FixedSizeBatches(num_examples=50, batch_size=4, seed=1)
    shares = [RankBatches(plan, batches_per_step, rank, num_ranks) for rank in range(num_ranks)]
    per_step = shares[0].rank_batches_per_step
    epochs = [share.plan_epoch(2) for share in shares]
    assert {len(epoch) for epoch in epochs} == {len(shares[0])}
    whole = plan.plan_epoch(2)
    for step in range(len(shares[0]) // per_step):
        expected = whole[step * batches_per_step : (step + 1) * batches_per_step]
        seen = [e[step * per_step : (step + 1) * per_step] for e in epochs]
        examples = sorted(i for batches in seen for batch in batches for i in batch)
        assert examples == sorted(i for batch in expected for i in batch)
    # No process waits for one that has twice its work.
    if batches_per_step % num_ranks == 0 or batches_per_step == 1:
        sizes = [sum(map(len, epoch)) for epoch in epochs]
        assert max(sizes) - min(sizes) <= len(whole)


def test_one_process_has_the_whole_plan() -> None:
    plan = FixedSizeBatches(num_examples=50, batch_size=4, seed=1)
    assert RankBatches(plan, 1, 0, 1).plan_epoch(3) == plan.plan_epoch(3)

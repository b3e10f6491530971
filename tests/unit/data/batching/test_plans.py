from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from t5tune.data.batching import formed_batches as batching
from t5tune.data.batching.epoch_rows import EpochRows
from t5tune.data.batching.formed_batches import Sides, TokenBudgetBatches
from t5tune.data.batching.packing import PackedBatches
from t5tune.data.batching.plans import BatchPlan, FixedSizeBatches, LazyList, Partition
from t5tune.data.batching.steps import OptimizerSteps
from t5tune.data.pair_encoding import PairEncoder
from t5tune.data.pairs import Pairs
from t5tune.models.new_tokenizers import build_tokenizer
from t5tune.recipe.sections.from_scratch_section import TokenizerSection
from t5tune.recipe.training_choices import TOKENS_PER_BATCH


@pytest.fixture
def lengths() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    source = generator.integers(3, 60, 3000)
    return source, np.clip(source + generator.integers(-5, 6, 3000), 2, None)


def list_epoch(plan: BatchPlan, epoch: int) -> list[list[int]]:
    return [batch.tolist() for batch in plan.plan_epoch(epoch)]


def test_every_example_once_an_epoch_and_the_same_number_of_batches(
    lengths: tuple[np.ndarray, np.ndarray],
) -> None:
    plan = TokenBudgetBatches(*lengths, tokens_per_batch=1500, seed=7)
    for epoch in range(8):
        batches = plan.plan_epoch(epoch)
        assert len(batches) == len(plan)
        assert sorted(i for batch in batches for i in batch) == list(range(3000))


@pytest.mark.parametrize("kind", ["budget", "packed", "fixed"])
def test_epochs_use_the_rounds_in_turn(kind: str) -> None:
    generator = np.random.default_rng(0)
    lengths = generator.integers(3, 30, 3 * 400), generator.integers(3, 30, 3 * 400)
    plan: BatchPlan
    if kind == "budget":
        plan = TokenBudgetBatches(*lengths, 500, seed=7, rows=EpochRows(400, 3))
    elif kind == "packed":
        plan = PackedBatches(*lengths, (64, 64), 512, seed=7, rows=EpochRows(400, 3))
    else:
        plan = FixedSizeBatches(1200, 32, seed=7, rows=EpochRows(400, 3))
    for epoch in range(7):
        batches = plan.plan_epoch(epoch)
        assert len(batches) == len(plan)
        dealt = [OptimizerSteps(plan, 2, rank, 2).plan_epoch(epoch) for rank in (0, 1)]
        together = [batch for parts in zip(*dealt, strict=True) for part in parts for batch in part]
        assert list(map(repr, filter(len, together))) == list(map(repr, batches))
        rows = [row for batch in batches for row in (batch if kind == "packed" else [batch])]
        first = epoch % 3 * 400
        assert sorted(np.concatenate(rows).tolist()) == list(range(first, first + 400))
        for row in rows:
            if kind == "budget":
                longest = lengths[0][row].max() + lengths[1][row].max()
                assert len(row) == 1 or len(row) * longest <= 500
            elif kind == "packed":
                assert max(side[row].sum() for side in lengths) <= 64


def test_no_batch_is_over_the_budget(lengths: tuple[np.ndarray, np.ndarray]) -> None:
    source, target = lengths
    for batch in TokenBudgetBatches(source, target, 1500, seed=7).plan_epoch(0):
        assert len(batch) * (source[batch].max() + target[batch].max()) <= 1500


def test_an_example_over_the_budget_is_alone() -> None:
    source, target = np.array([5, 5, 500, 5]), np.array([5, 5, 500, 5])
    batches = list_epoch(TokenBudgetBatches(source, target, 40, seed=0), 0)
    assert [2] in batches
    assert sorted(i for batch in batches for i in batch) == [0, 1, 2, 3]


def test_epochs_differ_and_are_repeatable(lengths: tuple[np.ndarray, np.ndarray]) -> None:
    first = TokenBudgetBatches(*lengths, tokens_per_batch=1500, seed=7)
    second = TokenBudgetBatches(*lengths, tokens_per_batch=1500, seed=7)
    assert list_epoch(first, 3) == list_epoch(second, 3)
    assert list_epoch(first, 3) != list_epoch(first, 4)
    other_seed = TokenBudgetBatches(*lengths, tokens_per_batch=1500, seed=8)
    assert list_epoch(first, 3) != list_epoch(other_seed, 3)
    # Not only the order of the batches changes but also their examples.
    sets = [{frozenset(batch) for batch in list_epoch(first, e)} for e in (0, 1)]
    assert len(sets[0] & sets[1]) < len(sets[0]) / 10


def measure_real_token_share(
    batches: Sequence[Any], source_lengths: np.ndarray, target_lengths: np.ndarray
) -> float:
    """Return the share of the tokens of padded batches that are not padding."""
    real = padded = 0
    for batch in batches:
        sources, targets = source_lengths[batch], target_lengths[batch]
        real += int(sources.sum() + targets.sum())
        padded += len(batch) * int(sources.max() + targets.max())
    return real / padded


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


@pytest.mark.parametrize(
    ("corpus", "source", "target"),
    [("multi30k", "train.en", "train.de"), ("news_en_de", "src-train.txt", "tgt-train.txt")],
)
def test_real_text_in_the_default_budget_is_nine_tenths_real(
    real_data: Path, corpus: str, source: str, target: str
) -> None:
    rows = zip(
        *((real_data / corpus / name).read_text().split("\n")[:10000] for name in (source, target)),
        strict=True,
    )
    sources, targets = zip(*((s, t) for s, t in rows if s.strip() and t.strip()), strict=True)
    tokenizer = build_tokenizer(
        TokenizerSection(type="unigram", vocab_size=4000), list(sources), list(targets)
    )
    pairs = Pairs(list(sources), list(targets))
    sides = PairEncoder(tokenizer, "", 128, 128).encode_pairs(pairs)
    lengths = sides[0].lengths, sides[1].lengths
    for budget, least in ((TOKENS_PER_BATCH, 0.93), (4 * TOKENS_PER_BATCH, 0.87)):
        plan = TokenBudgetBatches(*lengths, budget, seed=1)
        assert measure_real_token_share(plan.plan_epoch(0), *lengths) > least


class CountedBatches(TokenBudgetBatches):
    """Count how often the examples are sorted."""

    num_orders = 0

    def _form_batches(self, generator: np.random.Generator, lengths: Sides) -> Partition:
        self.num_orders += 1
        return super()._form_batches(generator, lengths)


@pytest.mark.parametrize("most_orders", [1, 8])
def test_an_epoch_is_planned_in_a_bounded_number_of_orders(
    most_orders: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With these lengths, the number of batches depends on the order."""
    monkeypatch.setattr(batching, "MOST_ORDERS", most_orders, raising=False)
    generator = np.random.default_rng([150, 40, 2])
    lengths = generator.geometric(0.1, 150), generator.geometric(0.1, 150)
    plan = CountedBatches(*lengths, 40, seed=13)
    counts = []
    for epoch in range(40):
        plan.num_orders = 0
        batches = list_epoch(plan, epoch)
        counts.append(plan.num_orders)
        assert len(batches) == len(plan)
        assert sorted(index for batch in batches for index in batch) == list(range(150))
        assert batches == list_epoch(plan, epoch)
    assert most_orders + 1 in counts, "no epoch came to the end of the orders"
    assert max(counts) == most_orders + 1


def test_large_data_is_counted_in_one_epoch_and_the_others_fit(
    lengths: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    small = CountedBatches(*lengths, tokens_per_batch=200, seed=7)
    assert small.num_orders == 3
    monkeypatch.setattr(batching, "LARGE", 3000)
    large = CountedBatches(*lengths, tokens_per_batch=200, seed=7)
    assert large.num_orders == 1
    first = list_epoch(large, 0)
    assert large.num_orders == 1, "the epoch that was counted is planned already"
    for epoch in range(1, 20):
        assert len(large.plan_epoch(epoch)) == len(large)
    assert large.num_orders == 20, "each epoch fits in its first order"
    assert list_epoch(large, 0) == first, "after another epoch it is planned again"


def test_an_item_of_a_lazy_list_is_built_when_it_is_asked_for() -> None:
    built: list[int] = []

    def build(number: int) -> str:
        built.append(number)
        return str(number)

    items = LazyList(5, build)
    assert len(items) == 5
    assert not built
    assert (items[1], items[-1], items[3:9]) == ("1", "4", ["3", "4"])
    assert built == [1, 4, 3, 4]
    assert list(items) == list("01234")
    with pytest.raises(IndexError):
        items[5]

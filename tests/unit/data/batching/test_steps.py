from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import skip_first_batches

from t5tune.data.batching.plans import FixedSizeBatches
from t5tune.data.batching.steps import OptimizerSteps, StepLoader, count_padded_tokens, split_batch
from t5tune.data.encoding import Collator, EncodedDataset, TokenSequences


def build_dataset(num_examples: int) -> EncodedDataset:
    sides = [TokenSequences([[i + 1] * (1 + i % 7) for i in range(num_examples)]) for _ in "st"]
    return EncodedDataset(*sides)


def flatten(step: Sequence[Any]) -> list[int]:
    return sorted(i for batch in step for i in batch)


@pytest.mark.parametrize("num_ranks", [1, 2, 3, 5])
@pytest.mark.parametrize("batches_per_step", [1, 2, 4])
def test_processes_share_every_step_and_each_example_once(
    batches_per_step: int, num_ranks: int
) -> None:
    plan = FixedSizeBatches(num_examples=50, batch_size=4, seed=1)
    ranks = [OptimizerSteps(plan, batches_per_step, rank, num_ranks) for rank in range(num_ranks)]
    epochs = [rank.plan_epoch(2) for rank in ranks]
    assert {len(epoch) for epoch in epochs} == {len(ranks[0])}
    whole = plan.plan_epoch(2)
    for number, shares in enumerate(zip(*epochs, strict=True)):
        expected = whole[number * batches_per_step : (number + 1) * batches_per_step]
        assert flatten([b for share in shares for b in share]) == flatten(expected)
        # All processes make the same number of calls.
        assert len({len(share) for share in shares}) == 1
    # No process has twice the work of another.
    if batches_per_step % num_ranks == 0 or batches_per_step == 1:
        sizes = [sum(len(flatten(step)) for step in epoch) for epoch in epochs]
        assert max(sizes) - min(sizes) <= len(whole)


def test_one_process_has_the_whole_plan() -> None:
    plan = FixedSizeBatches(num_examples=50, batch_size=4, seed=1)
    steps = [[batch.tolist() for batch in step] for step in OptimizerSteps(plan, 1).plan_epoch(3)]
    assert steps == [[batch.tolist()] for batch in plan.plan_epoch(3)]


def test_the_loader_passes_the_epoch_on() -> None:
    steps = OptimizerSteps(FixedSizeBatches(20, 4, seed=1), 2)
    loader = StepLoader(build_dataset(20), steps, Collator(0))

    def sources() -> list[int]:
        return [int(i) for step in loader for batch in step for i in batch["input_ids"][:, 0]]

    loader.set_epoch(1)
    second = sources()
    assert sorted(second) == list(range(1, 21))
    loader.set_epoch(0)
    assert sources() != second
    loader.set_epoch(1)
    assert sources() == second


def test_resuming_in_an_epoch_touches_no_example_that_was_trained() -> None:
    seen: list[int] = []

    class Watched(EncodedDataset):
        def __getitem__(self, index: Any) -> Any:
            if isinstance(index, int | np.integer):
                seen.append(int(index))
            return super().__getitem__(index)

    dataset = build_dataset(1000)
    watched = Watched(dataset.sources, dataset.targets)
    steps = OptimizerSteps(FixedSizeBatches(1000, 4, seed=1), 2)
    loader = skip_first_batches(StepLoader(watched, steps, Collator(0)), 100)
    next(iter(loader))
    assert sorted(seen) == flatten(steps.plan_epoch(0)[100])


@pytest.mark.parametrize("limit", [None, 1, 13, 20, 39, 40, 4000])
def test_a_batch_in_pieces_is_the_batch(limit: int | None) -> None:
    labels = torch.arange(20).view(10, 2)
    batch = {"input_ids": torch.arange(20).view(10, 2), "labels": labels}
    pieces = split_batch(batch, limit)
    rows = torch.cat([piece["labels"] for piece in pieces])
    assert torch.equal(rows[rows[:, 0].argsort()], labels)
    assert all(torch.equal(piece["input_ids"], piece["labels"]) for piece in pieces)
    if limit is not None and limit >= 4:
        assert max(map(count_padded_tokens, pieces)) <= limit
    assert len(pieces) == {None: 1, 1: 10, 13: 4, 20: 2, 39: 2, 40: 1, 4000: 1}[limit]


def test_lengths_of_a_split_batch_stay_aligned() -> None:
    generator = np.random.default_rng(0)
    batch = {
        "input_ids": torch.from_numpy(generator.integers(0, 9, (7, 5))),
        "labels": torch.from_numpy(generator.integers(0, 9, (7, 3))),
    }
    joined = {tuple(s.tolist() + t.tolist()) for s, t in zip(*batch.values(), strict=True)}
    split = {
        tuple(s.tolist() + t.tolist())
        for piece in split_batch(batch, 16)
        for s, t in zip(*piece.values(), strict=True)
    }
    assert split == joined

"""Test the optimizer steps of data that is streamed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import numpy as np
import pytest

from t5tune.data.batching.plans import BatchPlan
from t5tune.data.batching.streamed_steps import StepPosition, StreamedSteps
from t5tune.data.encoding import EncodedDataset, TokenSequences
from t5tune.data.streaming import StreamPosition, Window
from t5tune.training.recipe_batches import build_batch_plan
from tests.tiny_sections import fitted_training

SIZES = (23, 40, 5)  # of the windows of each pass
NUM_STEPS = 40


def window_at(number: int) -> Window:
    """Return a window whose examples hold numbers of their own."""
    num_passes, index = divmod(number, len(SIZES))
    row = sum(SIZES[:index])
    rng = np.random.default_rng(number)
    names = range(1000 * number, 1000 * number + SIZES[index])
    sequences = [[name] * int(rng.integers(1, 12)) for name in names]
    sides = TokenSequences(sequences), TokenSequences(sequences)
    return Window(StreamPosition(num_passes, row), EncodedDataset(*sides))


def open_windows(position: StreamPosition) -> Iterator[Window]:
    windows = map(window_at, count())
    return (window for window in windows if window.start >= position)


def plan(window: Window) -> BatchPlan:
    training = fitted_training(tokens_per_batch=60)
    return build_batch_plan(training, window.dataset, window.start)


def steps(
    batches_per_step: int, begin: StepPosition | None = None, rank: int = 0, num_ranks: int = 1
) -> StreamedSteps:
    return StreamedSteps(
        open_windows, plan, NUM_STEPS, batches_per_step, begin or StepPosition(), rank, num_ranks
    )


def names(step: list[Any]) -> list[list[int]]:
    return [[int(example["input_ids"][0]) for example in batch] for batch in step]


def test_every_example_of_a_pass_comes_once() -> None:
    seen = [name for step in steps(2) for batch in names(step) for name in batch]
    first = [1000 * number + i for number in range(3) for i in range(SIZES[number])]
    assert sorted(seen[: len(first)]) == first
    assert seen[: len(first)] != first, "shuffled"
    again = seen[len(first) : 2 * len(first)]
    assert [name % 1000 for name in again[:23]] != [name % 1000 for name in seen[:23]], (
        "in another order"
    )


@pytest.mark.parametrize("batches_per_step", [1, 3, 4])
@pytest.mark.parametrize("ahead", [0, 3])
def test_a_run_continues_after_every_step(batches_per_step: int, ahead: int) -> None:
    whole = [names(step) for step in steps(batches_per_step)]
    assert len(whole) == NUM_STEPS
    asked = steps(batches_per_step)
    list(asked)
    end = asked.find_position(NUM_STEPS)
    iterator = iter(asked)
    for _ in range(ahead):  # a loader plans some steps before they are trained
        next(iterator)
    for done, _ in enumerate(iterator, start=1):
        position = StepPosition.from_json(asked.find_position(done).to_json())
        resumed = steps(batches_per_step, position)
        rest = list(resumed)
        assert resumed.find_position(NUM_STEPS) == end
        assert rest[:done] == [[]] * done
        assert [names(step) for step in rest[done:]] == whole[done:]


def test_a_position_is_found_before_the_first_step() -> None:
    begin = StepPosition(7, StreamPosition(1, 23), 2)
    assert steps(2, begin).find_position(7) == begin


def test_the_same_examples_have_another_order_in_the_next_pass() -> None:
    first = window_at(0)
    batches = [
        [batch.tolist() for batch in plan(Window(start, first.dataset)).plan_epoch(0)]
        for start in (StreamPosition(0, 0), StreamPosition(0, 0), StreamPosition(1, 0))
    ]
    assert batches[0] == batches[1] != batches[2]


@pytest.mark.parametrize(("batches_per_step", "num_ranks"), [(1, 2), (2, 2), (3, 2), (2, 3)])
def test_processes_share_the_batches_of_one(batches_per_step: int, num_ranks: int) -> None:
    alone = [names(step) for step in steps(batches_per_step)]
    ranks = [steps(batches_per_step, None, rank, num_ranks) for rank in range(num_ranks)]
    for whole, *shares in zip(alone, *ranks, strict=True):
        assert len({len(share) for share in shares}) == 1, "as many calls in each process"
        dealt = sorted(name for share in shares for batch in names(share) for name in batch)
        assert dealt == sorted(name for batch in whole for name in batch)

"""Test that windows come in order and early, with a bounded number of them at a time."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence

import pytest

from t5tune.decoding.streaming import windows as streaming
from t5tune.decoding.streaming.windows import (
    FIRST_WINDOW,
    LARGEST_WINDOW,
    Stopped,
    next_window,
    stream,
)


def double(items: Sequence[int], check: Callable[[], None]) -> list[int]:
    return [2 * item for item in items]


def in_blocks(numbers: Sequence[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(numbers), size):
        yield list(numbers[start : start + size])


def run(numbers: Sequence[int], size: int, **options: int) -> list[tuple[list[int], Sequence[int]]]:
    blocks = in_blocks(numbers, size)
    return list(stream(blocks, double, lambda _: 1, is_live=False, **options))


@pytest.mark.parametrize("size", [1, 7, 5000])
@pytest.mark.parametrize("num", [0, 1, FIRST_WINDOW, 10_000])
def test_every_item_once_and_in_order(num: int, size: int) -> None:
    windows = run(range(num), size)
    assert [item for items, _ in windows for item in items] == list(range(num))
    assert [result for _, results in windows for result in results] == list(range(0, 2 * num, 2))


def test_windows_depend_on_the_items_alone() -> None:
    """A resumed command gets the same windows as one that was not killed."""
    sizes = [len(items) for items, _ in run(range(30_000), 7)]
    assert sizes == [16, 256, 4096, 16384, 9248]
    assert [len(items) for items, _ in run(range(30_000), 5000)] == sizes
    rest = run(range(272, 30_000), 100, window=256)
    assert [len(items) for items, _ in rest] == sizes[2:]
    assert next_window(LARGEST_WINDOW) == LARGEST_WINDOW
    blocks = in_blocks(range(3000), 100)
    limited = stream(blocks, double, lambda _: 1, is_live=False, largest=lambda: 1024)
    assert [len(items) for items, _ in limited] == [16, 256, 1024, 1024, 680]


def test_heavy_items_make_small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "WINDOW_CHARACTERS", 50)
    windows = stream(in_blocks(range(20), 3), double, lambda _: 20, is_live=False)
    assert {len(items) for items, _ in windows} == {3, 2}


def test_an_input_that_pauses_is_not_waited_for() -> None:
    more = threading.Event()

    def blocks() -> Iterator[list[int]]:
        yield [1, 2]
        assert more.wait(20)
        yield [3]

    windows = stream(blocks(), double, lambda _: 1, is_live=True)
    assert next(windows) == ([1, 2], [2, 4])
    more.set()
    assert list(windows) == [([3], [6])]


def test_a_trickle_does_not_put_a_window_off_for_ever() -> None:
    """The patience applies to a window, not to each item in it."""

    def blocks() -> Iterator[list[int]]:
        for number in range(50):
            time.sleep(0.05)
            yield [number]

    windows = stream(blocks(), double, lambda _: 1, is_live=True)
    first, _ = next(windows)
    assert 1 <= len(first) < 10
    assert [item for items, _ in windows for item in items] == list(range(len(first), 50))


def test_an_endless_input_is_read_no_further_than_needed() -> None:
    read = 0

    def blocks() -> Iterator[list[int]]:
        nonlocal read
        for number in itertools.count():
            read += 1000
            yield [number] * 1000

    windows = stream(blocks(), double, lambda _: 1, is_live=True)
    for _ in range(4):
        next(windows)
    time.sleep(0.5)  # nobody takes any, so none is made
    held = (streaming.WINDOWS_AHEAD + 2) * LARGEST_WINDOW + (streaming.BLOCKS_AHEAD + 2) * 1000
    assert read <= 5 * LARGEST_WINDOW + held
    windows.close()
    at_the_end = read
    time.sleep(0.5)
    assert read <= at_the_end + 1000
    assert not [thread for thread in threading.enumerate() if thread.name == "translating"]


def test_what_fails_comes_after_what_went_well() -> None:
    def blocks() -> Iterator[list[int]]:
        yield [1, 2]
        raise ValueError("bad line")

    windows = stream(blocks(), double, lambda _: 1, is_live=False)
    assert next(windows) == ([1, 2], [2, 4])
    with pytest.raises(ValueError, match="bad line"):
        next(windows)


def test_a_translator_that_fails_is_heard() -> None:
    def fail(items: Sequence[int], check: Callable[[], None]) -> list[int]:
        raise RuntimeError("no memory")

    with pytest.raises(RuntimeError, match="no memory"):
        next(stream(iter([[1]]), fail, lambda _: 1, is_live=False))


def test_a_translator_is_stopped_between_batches() -> None:
    stopped = threading.Event()

    def slow(items: Sequence[int], check: Callable[[], None]) -> list[int]:
        if len(items) == FIRST_WINDOW:
            return list(items)
        try:
            while True:
                time.sleep(0.01)
                check()
        except Stopped:
            stopped.set()
            raise

    windows = stream(in_blocks(range(100), 100), slow, lambda _: 1, is_live=False)
    next(windows)
    windows.close()
    assert stopped.is_set()


def test_what_waits_for_more_is_not_translated_for_nobody() -> None:
    never = threading.Event()
    seen: list[int] = []

    def blocks() -> Iterator[list[int]]:
        yield list(range(FIRST_WINDOW + 1))
        never.wait()

    def note(items: Sequence[int], check: Callable[[], None]) -> list[int]:
        seen.extend(items)
        return list(items)

    windows = stream(blocks(), note, lambda _: 1, is_live=False)
    next(windows)
    time.sleep(0.2)
    windows.close()
    never.set()
    assert seen == list(range(FIRST_WINDOW))

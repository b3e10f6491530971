"""Test what garbage collection leaves out, and that its state is restored afterwards."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from t5tune.training import garbage
from t5tune.training.garbage import leaving_out_existing_objects


class Circle:
    """Hold a reference to itself, so that only garbage collection removes it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def _as_before(nothing_left_out: None) -> Iterator[None]:
    yield
    gc.unfreeze()


def test_existing_objects_are_left_out_and_earlier_garbage_is_collected() -> None:
    before = Circle()
    seen_before = weakref.ref(before)
    del before
    with leaving_out_existing_objects():
        assert seen_before() is None
        assert gc.get_freeze_count() > 10_000
        later = Circle()
        seen_later = weakref.ref(later)
        del later
        gc.collect()
        assert seen_later() is None
    assert gc.get_freeze_count() == 0


def test_what_the_process_has_left_out_stays_left_out() -> None:
    gc.freeze()
    num_left_out = gc.get_freeze_count()
    with leaving_out_existing_objects():
        pass
    assert gc.get_freeze_count() >= num_left_out - 100  # some objects are freed meanwhile


def test_a_process_that_says_that_it_has_left_something_out_is_not_asked_how_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(garbage, "is_left_out", True)
    with leaving_out_existing_objects():
        assert gc.get_freeze_count() == 0

"""Test that the clock of a run with a time budget repeats its times when the run resumes."""

from __future__ import annotations

from pathlib import Path

import pytest

from t5tune.training.callbacks.clock import TrainingClock


def shares(clock: TrainingClock, steps: range) -> list[float]:
    seen = []
    for step in steps:
        clock.look(step)
        seen.append(clock.share)
    return seen


def test_steps_that_were_trained_before_get_their_times_again(tmp_path: Path) -> None:
    path = tmp_path / "clock.tsv"
    times = iter([0.0, 1.0, 2.0, 3.0, 4.0])
    first = TrainingClock(lambda: next(times), 10.0, path)
    first.start_from(0)
    assert shares(first, range(5)) == [0.0, 0.1, 0.2, 0.3, 0.4]

    slower = iter([2.5, 30.0])
    again = TrainingClock(lambda: next(slower), 10.0, path)
    again.start_from(2)
    assert shares(again, range(2, 5)) == [0.2, 0.3, 0.4]
    assert shares(again, range(5, 7)) == [
        0.4,
        1.0,
    ]  # it never goes back, and ends when the time is up


def test_a_new_run_and_a_cut_line(tmp_path: Path) -> None:
    path = tmp_path / "clock.tsv"
    path.write_text("1\t2.5\nx\ty\n2\t3", encoding="utf-8")
    clock = TrainingClock(lambda: 9.0, 10.0, path)
    clock.start_from(1)
    assert shares(clock, range(1, 3)) == [0.25, 0.9]
    clock.start_from(0)
    assert not path.exists()
    clock.look(1)
    assert clock.share == pytest.approx(0.9)

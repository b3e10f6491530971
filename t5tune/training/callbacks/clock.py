"""The clock of a run with a time budget: its time after each step is kept and used again.

The learning rate and the end of such a run follow the clock. A run that resumes from a checkpoint
trains the steps after it at the times that they had before, and so reaches the same weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch.optim.lr_scheduler import LambdaLR


class TrainingClock:
    """Seconds of training after each optimizer step."""

    def __init__(
        self, measure: Callable[[], float], max_seconds: float, path: Path | None = None
    ) -> None:
        self.measure = measure  # returns the seconds since training began, without interruptions
        self.max_seconds = max_seconds
        self.path = path  # file of the times, one line a step, if they are kept
        self._seconds = 0.0
        self._before: dict[int, float] = {}

    def start_from(self, step: int) -> None:
        """Begin after a step; at step 0, where a run begins, drop all times."""
        if self.path is None:
            return
        if step == 0:
            self.path.unlink(missing_ok=True)
        self._before = _read(self.path)

    def look(self, step: int) -> None:
        """Take the time after a step: the kept one, or the present one."""
        seconds = self._before.get(step)
        if seconds is None:
            seconds = max(self._seconds, self.measure())
            if self.path is not None:
                with self.path.open("a", encoding="utf-8") as stream:
                    stream.write(f"{step}\t{seconds!r}\n")
        self._seconds = seconds

    @property
    def share(self) -> float:
        """Return the share of the time that was over after the last step, from 0 to 1."""
        return min(1.0, self._seconds / self.max_seconds)


def _read(path: Path) -> dict[int, float]:
    """Return times by step; a line that a crash cut off is left out."""
    times: dict[int, float] = {}
    if path.is_file():
        for line in path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]:
            with suppress(ValueError):
                step, seconds = line.split("\t")
                if 0 <= float(seconds) < math.inf:
                    times[int(step)] = float(seconds)
    return times


def end_with_time(
    scheduler: LambdaLR, warmup_steps: int, num_steps: int, share_of_time: Callable[[], float]
) -> None:
    """Let a schedule that ends with the steps end with the time, if that comes first.

    The warm-up stays as it is. The share of the time that is over goes from 0 to 1.
    """

    def end(schedule: Callable[[int], float]) -> Callable[[int], float]:
        def timed(step: int) -> float:
            if step < warmup_steps:
                return schedule(step)
            return schedule(max(step, round(num_steps * share_of_time())))

        return timed

    scheduler.lr_lambdas = [end(schedule) for schedule in scheduler.lr_lambdas]

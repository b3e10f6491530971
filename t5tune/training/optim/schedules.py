"""Learning rate schedules that end with the time of a run."""

from __future__ import annotations

from collections.abc import Callable

Schedule = Callable[[int], float]


def end_with_time(
    schedule: Schedule, warmup_steps: int, num_steps: int, share_of_time: Callable[[], float]
) -> Schedule:
    """Return a schedule that ends with the steps or with the time, whichever comes first.

    Args:
        schedule: Factor of the learning rate at a step.
        warmup_steps: Length of the warm-up, which stays as it is.
        num_steps: Step at which `schedule` ends.
        share_of_time: Function that gives the share of the time that is over, from 0 to 1.
    """

    def timed(step: int) -> float:
        if step < warmup_steps:
            return schedule(step)
        return schedule(max(step, round(num_steps * share_of_time())))

    return timed

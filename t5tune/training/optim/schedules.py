"""Learning rates that end with the time of a run."""

from __future__ import annotations

from collections.abc import Callable

Schedule = Callable[[int], float]


def end_with_time(
    schedule: Schedule, warmup_steps: int, num_steps: int, share_of_time: Callable[[], float]
) -> Schedule:
    """A schedule that ends with the steps or with the time, whichever comes first.

    Args:
        schedule: The factor of the learning rate at a step.
        warmup_steps: Left as they are.
        num_steps: At which `schedule` ends.
        share_of_time: How much of the time is gone, from 0 to 1.
    """

    def timed(step: int) -> float:
        if step < warmup_steps:
            return schedule(step)
        return schedule(max(step, round(num_steps * share_of_time())))

    return timed

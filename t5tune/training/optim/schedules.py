"""Learning rate schedules that end with the time of a run."""

from __future__ import annotations

from collections.abc import Callable

from torch.optim.lr_scheduler import LambdaLR

Schedule = Callable[[int], float]


def end_with_time(
    scheduler: LambdaLR, warmup_steps: int, num_steps: int, share_of_time: Callable[[], float]
) -> None:
    """Let a schedule end with the steps or with the time, whichever comes first.

    Args:
        scheduler: Schedule that ends with the steps; changed in place.
        warmup_steps: Length of the warm-up, which stays as it is.
        num_steps: Step at which the schedule ends.
        share_of_time: Function that gives the share of the time that is over, from 0 to 1.
    """

    def end(schedule: Schedule) -> Schedule:
        def timed(step: int) -> float:
            if step < warmup_steps:
                return schedule(step)
            return schedule(max(step, round(num_steps * share_of_time())))

        return timed

    scheduler.lr_lambdas = [end(schedule) for schedule in scheduler.lr_lambdas]

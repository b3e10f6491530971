"""From the lines of a training log to curves."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from t5tune.scoring.diagnosis.findings import TrainingCurve

TRAINING_QUANTITIES = ("loss", "learning_rate")


def read_curves(log_lines: Iterable[Mapping[str, object]]) -> tuple[TrainingCurve, ...]:
    """Return loss, learning rate and each validation score over the optimizer steps.

    A line with an earlier step than the one before it comes from a resumed run: lines logged from
    that step on belong to weights that no longer exist, and are dropped. Validations of averaged
    weights are not points of a curve, because no step had these weights.

    Returns:
        Curves in the order loss, learning rate, validation scores as they first appear; a quantity
        that was never logged has none.
    """
    points: dict[str, dict[int, float]] = {name: {} for name in TRAINING_QUANTITIES}
    last_step = -1
    for line in log_lines:
        step = line.get("step")
        if not isinstance(step, int) or "weights" in line:
            continue
        if step < last_step:
            for curve in points.values():
                for stale in [known for known in curve if known >= step]:
                    del curve[stale]
        last_step = step
        for name, value in _numbers_of(line).items():
            points.setdefault(name, {})[step] = value
    return tuple(
        TrainingCurve(name, tuple(sorted(curve)), tuple(curve[step] for step in sorted(curve)))
        for name, curve in points.items()
        if curve
    )


def _numbers_of(line: Mapping[str, object]) -> dict[str, float]:
    named = {name: line[name] for name in TRAINING_QUANTITIES if name in line}
    validation = line.get("validation")
    if isinstance(validation, Mapping):
        # A validation loss, should a log have one, is another quantity than the training loss.
        named |= {
            f"validation {name}" if name in TRAINING_QUANTITIES else str(name): value
            for name, value in validation.items()
        }
    return {
        name: float(value)
        for name, value in named.items()
        if isinstance(value, int | float) and math.isfinite(value)
    }

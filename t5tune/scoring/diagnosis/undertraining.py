"""Undertraining: whether the validations show that training ended too early."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from t5tune.scoring.diagnosis.evidence import Evidence
from t5tune.scoring.diagnosis.findings import TrainingCurve
from t5tune.scoring.diagnosis.remedies import COMMENT, first_part
from t5tune.scoring.diagnosis.sightings import NOT_CHECKED, Sightings
from t5tune.scoring.diagnosis.trained_run import TrainedRun
from t5tune.scoring.registry import format_value, is_lower_better, metric_of_score

UNDERTRAINED = "undertrained"
SYMPTOM = "train longer first"

# A single wrong letter fails an example of this score, so the other scores must agree.
_STRICT = "exact_match"

# At the end of any training, a learning rate that falls to zero brings a rise of less than this:
# in points, and as a share of the score.
_LEAST_RISE = 0.3
_LEAST_SHARE = 0.05
# The slope of the last third, in standard errors, and from how many validations it is estimated.
_CLEAR_SLOPE = 3.0
_MIN_VALIDATIONS_OF_A_SLOPE = 4


@dataclass(frozen=True)
class _Judgement:
    """Verdict on a run's validations: the telling positions, and the remedy with its reason."""

    positions: tuple[int, ...] = ()
    remedy: str = ""


def find_undertraining(evidence: Evidence) -> Sightings:
    """Find the validations that show that the training ended too early.

    A model is undertrained if its best validation is near zero, or if the validations were still
    rising when training ended (see `is_rising`).
    """
    if evidence.run is None or evidence.run.validations is None:
        return NOT_CHECKED
    positions = _judge(evidence.run).positions
    return Sightings(len(evidence.run.validations.values), dict.fromkeys(positions, 1.0))


def mend_undertraining(evidence: Evidence, _: Mapping[str, Sightings]) -> str:
    """Return the command that trains an undertrained run longer, and the reason."""
    return _judge(evidence.run).remedy


def _judge(run: TrainedRun | None) -> _Judgement:
    curve = None if run is None else run.validations
    if run is None or curve is None or not curve.values:
        return _Judgement()
    values = _in_points(curve)
    best = curve.values[values.index(max(values))]
    after = f" after {run.amount}" if run.amount else ""
    if _is_near_zero(curve.name, best) and (
        curve.name != _STRICT or all(map(_is_near_zero_at_the_end, run.others))
    ):
        reason = f"{curve.name} is {format_value(curve.name, best)} on the validation set{after}"
        if not is_rising(values) and len(values) > 1:
            reason += (
                ", and hardly moves: if more training does not change that, look at data.train "
                "and training.learning_rate"
            )
        remedy = f"{run.continue_training(run.much_longer)}{COMMENT}{reason}"
        return _Judgement(tuple(range(len(values))), remedy)
    if is_rising(values):
        start = _start_of_last_third(values)
        direction = "fell" if is_lower_better(curve.name) else "rose"
        reason = (
            f"validation {curve.name} still {direction} from "
            f"{format_value(curve.name, curve.values[start])} at step {curve.steps[start]} to "
            f"{format_value(curve.name, curve.values[-1])} at the last, step {curve.steps[-1]}"
        )
        best_so_far = (i for i, value in enumerate(values) if value >= max(values[: i + 1]))
        remedy = f"{run.continue_training(run.longer)}{COMMENT}{reason}"
        return _Judgement(tuple(best_so_far), remedy)
    return _Judgement()


def _in_points(curve: TrainingCurve) -> list[float]:
    """Return values for which higher is better and 100 is perfect."""
    spec = metric_of_score(curve.name)
    scale = 100.0 if spec is not None and not spec.is_percentage else 1.0
    sign, perfect = (-1.0, 100.0) if is_lower_better(curve.name) else (1.0, 0.0)
    return [perfect + sign * scale * value for value in curve.values]


def is_rising(values: Sequence[float]) -> bool:
    """Return whether a curve was rising when it ended; higher is better, 100 is perfect.

    Either the last validation is the best, by more than the largest fall from one validation to
    the next in the later half, above all before the last third; or the slope of a line through
    the last third clearly exceeds its standard error, since one unlucky validation at the end says
    little. A rise of less than 0.3 points or 5 % of the score never counts, nor a curve with less
    than that left to rise.
    """
    if len(values) < 2:
        return False
    least = max(_LEAST_RISE, _LEAST_SHARE * abs(values[-1]))
    if 100 - max(values) < _LEAST_RISE:
        return False
    start = _start_of_last_third(values)
    half = len(values) // 2
    falls = [before - after for before, after in pairwise(values[half:])]
    noise = max([0.0, *falls])
    if values[-1] >= max(values) and values[-1] - max(values[: start + 1]) > max(least, noise):
        return True
    last = values[start:]
    if len(last) < _MIN_VALIDATIONS_OF_A_SLOPE:
        return False
    import numpy as np

    (slope, _), covariance = np.polyfit(range(len(last)), last, 1, cov=True)
    error = np.sqrt(covariance[0, 0])
    return bool(slope > _CLEAR_SLOPE * error and slope * (len(last) - 1) > least)


def _start_of_last_third(values: Sequence[float]) -> int:
    return len(values) - 1 - max(1, round(len(values) / 3))


def _is_near_zero(name: str, value: float) -> bool:
    spec, limit = metric_of_score(name), _untrained(name)
    return spec is not None and limit is not None and spec.is_better(limit, value)


def _is_near_zero_at_the_end(curve: TrainingCurve) -> bool:
    return _untrained(curve.name) is None or _is_near_zero(curve.name, curve.values[-1])


def _untrained(name: str) -> float | None:
    """Return the score that shows that nothing was learned; only main scores have one."""
    spec = metric_of_score(name)
    return spec.untrained if spec is not None and spec.main_score == name else None


def subordinate(remedy: str | None, training: str | None) -> str | None:
    """Return the remedy of a symptom of undertraining: first training, then the other remedy."""
    if remedy is None or training is None:
        return remedy
    then = first_part(remedy)
    if then.split()[:3] == training.split()[:3] and "--restart" not in then.split():
        return SYMPTOM
    return f"{SYMPTOM}{COMMENT}if the fault remains: {then}"

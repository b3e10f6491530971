"""The geometry of the charts in an HTML report: numbers in, coordinates and labels out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from t5tune.scoring.findings import TrainingCurve
from t5tune.scoring.names import LOWER_IS_BETTER, SCORE_OF_METRIC
from t5tune.scoring.score import Score

# About the width of a phone: drawn at this size everywhere, several side by side where there is
# room, so that labels are as large on a phone as on a desk.
CHART_WIDTH = 360
CHART_HEIGHT = 210
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 26, 40

_MAX_POINTS_DRAWN = 1000
_LOWER_IS_BETTER = {SCORE_OF_METRIC[metric] for metric in LOWER_IS_BETTER}
# Title and unit of what is logged in training.
_TRAINING_NAMES = {
    "loss": ("Training loss", "mean over target tokens, in nats"),
    "learning_rate": ("Learning rate", "at the logged step"),
}
_OWN_SCALE = ("length_ratio", "distinct", "COMET")


def is_lower_better(score_name: str) -> bool:
    """Whether a smaller score is a better one; losses and error rates are such scores."""
    return score_name in _LOWER_IS_BETTER or score_name.endswith("loss")


@dataclass(frozen=True)
class Tick:
    """A mark on an axis.

    Attributes:
        position: In pixels from the left or from the top of the chart.
        label: The value, as text.
    """

    position: float
    label: str


@dataclass(frozen=True)
class CurveChart:
    """A curve that is ready to be drawn, in pixels from the upper left corner.

    Attributes:
        name: The curve's name, for people.
        unit: What the vertical axis counts.
        coordinates: One (x, y) for each point drawn.
        points: The (step, value label) of each of them.
        x_ticks: Of the optimizer steps.
        y_ticks: Of the values.
        marked: Position of the best point in `coordinates`, for validation scores.
        best: The best (step, value label), for validation scores.
        num_logged: Points of the curve; more than are drawn if there are too many.
    """

    name: str
    unit: str
    coordinates: tuple[tuple[float, float], ...]
    points: tuple[tuple[int, str], ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    marked: int | None
    best: tuple[int, str] | None
    num_logged: int

    @property
    def left(self) -> float:
        return _LEFT

    @property
    def right(self) -> float:
        return CHART_WIDTH - _RIGHT

    @property
    def top(self) -> float:
        return _TOP

    @property
    def bottom(self) -> float:
        return CHART_HEIGHT - _BOTTOM

    @property
    def polyline(self) -> str:
        """The coordinates as SVG writes them."""
        return " ".join(f"{x:g},{y:g}" for x, y in self.coordinates)


def best_position(curve: TrainingCurve) -> int:
    """Which point of a validation score is the best; of equal ones the first."""
    sign = 1.0 if is_lower_better(curve.name) else -1.0
    return min(range(len(curve.values)), key=lambda i: sign * curve.values[i])


def draw_curve(curve: TrainingCurve) -> CurveChart:
    """Lay out one curve with at least one point."""
    better = "lower" if is_lower_better(curve.name) else "higher"
    name, unit = _TRAINING_NAMES.get(
        curve.name, (f"Validation {curve.name.removeprefix('validation ')}", f"{better} is better")
    )
    best = None if curve.name in _TRAINING_NAMES else best_position(curve)
    stride = max(1, math.ceil(len(curve.steps) / _MAX_POINTS_DRAWN))
    drawn = {*range(0, len(curve.steps), stride), len(curve.steps) - 1}
    drawn = sorted(drawn if best is None else drawn | {best})
    y_values = nice_ticks(min(curve.values), max(curve.values))
    low, high = min(y_values[0], *curve.values), max(y_values[-1], *curve.values)
    x_values = nice_ticks(0, curve.steps[-1], most=5)
    end = curve.steps[-1] or 1

    def x_of(step: float) -> float:
        return round(_LEFT + (CHART_WIDTH - _LEFT - _RIGHT) * step / end, 1)

    def y_of(value: float) -> float:
        share = (value - low) / ((high - low) or 1.0)
        return round(CHART_HEIGHT - _BOTTOM - (CHART_HEIGHT - _TOP - _BOTTOM) * share, 1)

    def with_label(i: int) -> tuple[int, str]:
        return curve.steps[i], format_value(curve.values[i])

    return CurveChart(
        name=name,
        unit=unit,
        coordinates=tuple((x_of(curve.steps[i]), y_of(curve.values[i])) for i in drawn),
        points=tuple(with_label(i) for i in drawn),
        x_ticks=tuple(Tick(x_of(step), format_step(step)) for step in x_values if step <= end),
        y_ticks=tuple(Tick(y_of(value), label) for value, label in label_ticks(y_values)),
        marked=None if best is None else drawn.index(best),
        best=None if best is None else with_label(best),
        num_logged=len(curve.steps),
    )


@dataclass(frozen=True)
class IntervalBar:
    """A score and its interval on a horizontal scale, in percent of the width.

    Attributes:
        value: Where the bar ends.
        low: Where the interval begins; equal to `value` without an interval.
        high: Where it ends.
        has_interval: Whether there is one.
    """

    value: float
    low: float
    high: float
    has_interval: bool


def scale_end(scores: Sequence[Score]) -> float:
    """Where the scale of such scores ends that begins at 0: 100 for percentages, if they fit."""
    highest = max(
        (max(score.value, *(score.confidence_interval or (0.0,))) for score in scores),
        default=0.0,
    )
    has_own_scale = bool(scores) and scores[0].name.startswith(_OWN_SCALE)
    return max(1.0 if has_own_scale else 100.0, highest)


def draw_interval(score: Score, end: float) -> IntervalBar:
    """A score on a scale from 0 to `end`; what lies outside is drawn at the edge."""

    def percent(value: float) -> float:
        return round(100 * min(max(value / end, 0.0), 1.0), 2)

    low, high = score.confidence_interval or (score.value, score.value)
    return IntervalBar(
        percent(score.value), percent(low), percent(high), score.confidence_interval is not None
    )


def nice_ticks(low: float, high: float, most: int = 4) -> list[float]:
    """Round numbers from at most `low` to at least `high`, in steps of 1, 2 or 5 times ten^n.

    Args:
        low: Smallest value.
        high: Largest value; equal to `low` gives a span around it.
        most: About how many steps there may be.
    """
    if high <= low:
        margin = abs(low) * 0.1 or 1.0
        low, high = low - margin, high + margin
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]


def label_ticks(values: Sequence[float]) -> list[tuple[float, str]]:
    """Values with as many digits as tell them apart; powers of ten where they are tiny."""
    largest = max(abs(value) for value in values)
    step = min((b - a for a, b in zip(values, values[1:], strict=False)), default=1.0)
    if 0 < largest < 1e-2:
        return [(value, f"{value:.1e}".replace(".0e", "e") if value else "0") for value in values]
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    return [(value, f"{value:.{digits}f}") for value in values]


def format_value(value: float) -> str:
    """A value with about four digits."""
    if value == 0 or 1 <= abs(value) < 1e5:
        return f"{value:.2f}"
    return f"{value:.3g}" if abs(value) < 1e-2 else f"{value:.3f}"


def format_step(step: float) -> str:
    """A number of steps, thousands as k where that is exact."""
    whole = round(step)
    return f"{whole // 1000}k" if whole >= 10_000 and whole % 1000 == 0 else str(whole)

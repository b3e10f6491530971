"""The geometry of the charts in an HTML report: numbers in, coordinates and labels out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from t5tune.reporting.html.axes import (
    BOTTOM,
    CHART_HEIGHT,
    CHART_WIDTH,
    LEFT,
    RIGHT,
    TOP,
    Tick,
    format_step,
    format_value,
    label_ticks,
    nice_ticks,
)
from t5tune.scoring import registry
from t5tune.scoring.diagnosis.findings import TrainingCurve
from t5tune.scoring.score import Score

_MAX_POINTS_DRAWN = 1000
# Values of an example that differ by less are equal up to rounding, on a scale to 100.
NO_DIFFERENCE = 1e-9
# Titles and units of the quantities that training logs.
_TRAINING_NAMES = {
    "loss": ("Training loss", "mean over target tokens, in nats"),
    "learning_rate": ("Learning rate", "at the logged step"),
}


def is_lower_better(score_name: str) -> bool:
    """Return whether a lower score is better, as for losses and error rates."""
    return registry.is_lower_better(score_name) or score_name.endswith("loss")


@dataclass(frozen=True)
class CurveChart:
    """A curve that is ready to draw, in pixels from the upper left corner."""

    name: str  # for people
    unit: str  # of the vertical axis
    coordinates: tuple[tuple[float, float], ...]  # position (x, y) of each drawn point
    points: tuple[tuple[int, str], ...]  # pair (step, value label) of each of them
    x_ticks: tuple[Tick, ...]  # ticks of the optimizer steps
    y_ticks: tuple[Tick, ...]  # ticks of the values
    marked: int | None  # position of the best point in `coordinates`, for validation scores
    best: tuple[int, str] | None  # best (step, value label), for validation scores
    num_logged: int  # number of logged points, which may exceed the drawn ones
    left: float = LEFT
    right: float = CHART_WIDTH - RIGHT
    top: float = TOP
    bottom: float = CHART_HEIGHT - BOTTOM

    @property
    def polyline(self) -> str:
        """Return the coordinates as SVG writes them."""
        return " ".join(f"{x:g},{y:g}" for x, y in self.coordinates)


def best_position(curve: TrainingCurve) -> int:
    """Return the index of the best validation score; of equal ones the first."""
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
    last = len(curve.steps) - 1
    drawn = sorted({*range(0, last, stride), last, last if best is None else best})
    y_values = nice_ticks(min(curve.values), max(curve.values))
    low, high = min(y_values[0], *curve.values), max(y_values[-1], *curve.values)
    x_values = nice_ticks(0, curve.steps[-1], most=5)
    end = curve.steps[-1] or 1

    def x_of(step: float) -> float:
        return round(LEFT + (CHART_WIDTH - LEFT - RIGHT) * step / end, 1)

    def y_of(value: float) -> float:
        share = (value - low) / ((high - low) or 1.0)
        return round(CHART_HEIGHT - BOTTOM - (CHART_HEIGHT - TOP - BOTTOM) * share, 1)

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


def chart_columns(num_charts: int) -> str:
    """Return the style of a grid whose last row has more than one chart, where possible."""
    columns = next((num for num in (3, 2, 4) if num_charts % num != 1), 3)
    return f"columns-{columns}"


@dataclass(frozen=True)
class IntervalBar:
    """A score and its interval on a horizontal scale, in percent of the width."""

    value: float  # end of the bar
    low: float  # lower end of the interval; equal to `value` without an interval
    high: float  # upper end of the interval
    has_interval: bool


def scale_end(scores: Sequence[Score]) -> float:
    """Return the end of a scale of scores from 0: 100 for percentages, if they fit."""
    highest = max(
        (max(score.value, *(score.confidence_interval or (0.0,))) for score in scores),
        default=0.0,
    )
    metric = registry.metric_of_score(scores[0].name) if scores else None
    return max(1.0 if metric is not None and not metric.is_percentage else 100.0, highest)


def draw_interval(score: Score, end: float) -> IntervalBar:
    """Return a score on a scale from 0 to `end`; values outside are drawn at the edge."""

    def percent(value: float) -> float:
        return round(100 * min(max(value / end, 0.0), 1.0), 2)

    low, high = score.confidence_interval or (score.value, score.value)
    return IntervalBar(
        percent(score.value), percent(low), percent(high), score.confidence_interval is not None
    )


@dataclass(frozen=True)
class Bin:
    """One bar of a histogram, with its left upper corner in pixels from that of the chart."""

    x: float
    y: float
    width: float
    height: float
    kind: str  # class of its style
    text: str  # label with range and number of the examples


@dataclass(frozen=True)
class Histogram:
    """Numbers of examples or texts by the size of something."""

    bins: tuple[Bin, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    left: float = LEFT
    right: float = CHART_WIDTH - RIGHT
    top: float = TOP
    bottom: float = CHART_HEIGHT - BOTTOM


_BINS_A_SIDE = 10


def draw_histogram(gains: Sequence[float]) -> Histogram:
    """Lay out a histogram around 0, without examples that have no difference.

    Args:
        gains: Gain of each example, positive where it is better than the baseline's.
    """
    edge = max(nice_ticks(0, max((abs(gain) for gain in gains), default=0.0) or 1.0))
    width = edge / _BINS_A_SIDE
    counts = [0] * (2 * _BINS_A_SIDE)
    for gain in gains:
        if abs(gain) > NO_DIFFERENCE:
            rank = min(math.ceil(abs(gain) / width - NO_DIFFERENCE), _BINS_A_SIDE)
            counts[_BINS_A_SIDE + rank - 1 if gain > 0 else _BINS_A_SIDE - rank] += 1
    y_values = [value for value in nice_ticks(0, max(*counts, 1)) if value == round(value)]
    plot_width, plot_height = CHART_WIDTH - LEFT - RIGHT, CHART_HEIGHT - TOP - BOTTOM
    bottom = CHART_HEIGHT - BOTTOM

    def bar(i: int, num: int) -> Bin:
        height = round(plot_height * num / y_values[-1], 1)
        low, high = (abs(i - _BINS_A_SIDE + shift) * width for shift in (0, 1))
        word = "better" if i >= _BINS_A_SIDE else "worse"
        span = f"{format_value(min(low, high))} to {format_value(max(low, high))}"
        return Bin(
            x=round(LEFT + plot_width * i / len(counts) + 1, 1),
            y=round(bottom - height, 1),
            width=round(plot_width / len(counts) - 2, 1),
            height=height,
            kind="gain" if i >= _BINS_A_SIDE else "loss",
            text=f"{num} {word} by {span}",
        )

    return Histogram(
        bins=tuple(bar(i, num) for i, num in enumerate(counts)),
        x_ticks=tuple(
            Tick(
                round(LEFT + plot_width * (1 + share) / 2, 1),
                f"{share * edge:+g}".replace("-", "−") if share else "0",
            )
            for share in (-1, -0.5, 0, 0.5, 1)
        ),
        y_ticks=tuple(
            Tick(round(bottom - plot_height * value / y_values[-1], 1), f"{value:g}")
            for value in y_values
        ),
    )

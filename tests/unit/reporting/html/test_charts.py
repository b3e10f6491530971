"""Test where the charts of an HTML report have their points, bars and ticks."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from t5tune.reporting.html.axes import CHART_HEIGHT, CHART_WIDTH, label_ticks, nice_ticks
from t5tune.reporting.html.charts import draw_curve, draw_histogram, draw_interval, scale_end
from t5tune.scoring.diagnosis.findings import TrainingCurve
from t5tune.scoring.score import Score

numbers = st.floats(-1e6, 1e6).map(lambda value: float(f"{value:.6g}"))


@given(numbers, numbers)
@example(0.0, 5e-324)
def test_ticks_enclose_the_values_and_are_few(a: float, b: float) -> None:
    low, high = min(a, b), max(a, b)
    ticks = nice_ticks(low, high)
    tolerance = (high - low) * 1e-6
    assert ticks[0] <= low + tolerance
    assert ticks[-1] >= high - tolerance
    assert 2 <= len(ticks) <= 7
    assert len({label for _, label in label_ticks(ticks)}) == len(ticks)


def test_ticks_are_round() -> None:
    assert nice_ticks(0, 87) == [0, 50, 100]
    assert nice_ticks(1.2, 3.1) == [1.0, 1.5, 2.0, 2.5, 3.0, 3.5]
    assert [label for _, label in label_ticks(nice_ticks(0, 3e-4))] == [
        "0",
        "1e-4",
        "2e-4",
        "3e-4",
    ]


@given(st.lists(numbers, min_size=1, max_size=40), st.sampled_from(["loss", "BLEU", "TER"]))
def test_every_point_lies_inside_its_chart(values: list[float], name: str) -> None:
    chart = draw_curve(TrainingCurve(name, tuple(range(len(values))), tuple(values)))
    assert all(chart.left <= x <= chart.right for x, _ in chart.coordinates)
    assert all(chart.top <= y <= chart.bottom for _, y in chart.coordinates)
    assert 0 < chart.right < CHART_WIDTH
    assert 0 < chart.bottom < CHART_HEIGHT
    assert len(chart.points) == len(chart.coordinates) == len(values)


@pytest.mark.parametrize(("name", "best"), [("BLEU", 20), ("TER", 10), ("validation loss", 10)])
def test_the_best_validation_is_marked(name: str, best: int) -> None:
    chart = draw_curve(TrainingCurve(name, (10, 20, 30), (5.0, 9.0, 7.0)))
    assert chart.best is not None
    assert chart.marked is not None
    assert chart.points[chart.marked] == chart.best
    assert chart.best[0] == best


def test_a_long_curve_keeps_its_ends_and_its_best_point() -> None:
    values = [1.0] * 12_345
    values[7_001] = 2.0
    chart = draw_curve(TrainingCurve("BLEU", tuple(range(12_345)), tuple(values)))
    steps = [step for step, _ in chart.points]
    assert len(steps) <= 1002
    assert {0, 7_001, 12_344} <= set(steps)
    assert chart.num_logged == 12_345


def test_a_bar_shows_value_and_interval_on_its_scale() -> None:
    bar = draw_interval(Score("BLEU", 25.0, "s", (20.0, 30.0)), 100)
    assert (bar.value, bar.low, bar.high, bar.has_interval) == (25.0, 20.0, 30.0, True)
    assert not draw_interval(Score("BLEU", 25.0, "s"), 100).has_interval


def test_scales_end_at_100_unless_a_score_has_its_own_or_is_larger() -> None:
    assert scale_end([Score("BLEU", 3.0, "s")]) == 100
    assert scale_end([Score("WER", 80.0, "s", (70.0, 140.0))]) == 140
    assert scale_end([Score("COMET", 0.8, "s")]) == 1


def test_a_histogram_counts_every_example_that_differs_once() -> None:
    gains = [0.0, 0.0, 5.0, -5.0, 40.0, 99.0, -0.01, 100.0]
    bins = draw_histogram(gains).bins
    counts = {bin_.text: int(bin_.text.split()[0]) for bin_ in bins if bin_.height}
    assert sum(counts.values()) == 6
    assert counts == {
        "2 worse by 0.00 to 10.00": 2,
        "1 better by 0.00 to 10.00": 1,
        "1 better by 30.00 to 40.00": 1,
        "2 better by 90.00 to 100.00": 2,
    }
    assert draw_histogram([0.0, 0.0]).bins

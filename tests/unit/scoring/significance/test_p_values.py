"""Test that verdicts claim no more than p-values show."""

from __future__ import annotations

import pytest

from t5tune.scoring.significance.comparison import TESTS, Test
from t5tune.scoring.significance.p_values import state_verdict


@pytest.mark.parametrize(
    ("difference", "p_values", "num_different", "num_comparisons", "expected"),
    [
        (1.0, [0.001, 0.02], 90, 1, "better (p < 0.05)"),
        (-1.0, [0.02], 90, 1, "worse (p < 0.05)"),
        (1.0, [0.001], 90, 3, "better (p < 0.05 after correction for 3 comparisons)"),
        (1.0, [0.02], 90, 3,
         "perhaps better (p < 0.05, but not after correction for 3 comparisons)"),
        (1.0, [0.02, 0.2], 90, 1, "unclear (the two tests disagree)"),
        (1.0, [0.3, 0.2], 90, 1, "no evidence of a difference"),
        (1.0, [0.05], 90, 1, "no evidence of a difference"),
        # sacreBLEU gives such systems its smallest p-value.
        (0.0, [0.001, 0.001], 0, 1, "the same outputs"),
        (0.0, [0.001, 0.001], 9, 1, "the same score"),
        (0.1, [0.001, 0.001], 5, 1, "too few outputs differ to tell (5)"),
        (0.1, [0.001, 0.001], 6, 1, "better (p < 0.05)"),
        (0.1, [0.001, 0.001], 6, 4, "too few outputs differ to tell (6)"),
        (0.1, [], 90, 1, "not tested"),
        (0.1, [0.001], 100_000, 1, "better (p < 0.05)"),
    ],
)  # fmt: skip
def test_verdicts(
    difference: float,
    p_values: list[float],
    num_different: int,
    num_comparisons: int,
    expected: str,
) -> None:
    half, rest = [p / 2 for p in p_values[:1]], p_values[1:]  # that of the bootstrap is one-sided
    by_test = dict(zip(TESTS, [*half, *rest], strict=False))
    verdict = state_verdict(
        difference, by_test, lower_is_better=False, num_different=num_different,
        num_comparisons=num_comparisons,
    )  # fmt: skip
    assert verdict == expected


def test_fewer_errors_are_better() -> None:
    assert _judge(-2.0, {"randomization": 0.01}, lower_is_better=True) == "better (p < 0.05)"


def test_verdicts_double_the_one_sided_p_value_of_the_bootstrap() -> None:
    assert _judge(1.0, {"bootstrap": 0.03}) == "no evidence of a difference"
    assert _judge(1.0, {"bootstrap": 0.02}) == "better (p < 0.05)"
    assert _judge(1.0, {"randomization": 0.03}) == "better (p < 0.05)"


def _judge(difference: float, p_values: dict[Test, float], lower_is_better: bool = False) -> str:
    return state_verdict(
        difference, p_values, lower_is_better=lower_is_better, num_different=90, num_comparisons=1
    )

"""Intervals and p-values of several systems beside a baseline, for all metrics at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from t5tune.scoring.metrics.statistics import JoinableStatistics
from t5tune.scoring.score import Score
from t5tune.scoring.significance.collecting import SystemScores
from t5tune.scoring.significance.paired_differences import bootstrap_p_value, randomization_p_values
from t5tune.scoring.significance.resampling import (
    Floats,
    bootstrap_scores,
    percentile_interval,
    sign_resampling,
)

if TYPE_CHECKING:
    from t5tune.scoring.significance.comparison import Resampling, Test


@dataclass(frozen=True)
class PairedResult:
    """One score of a system beside the baseline's.

    Attributes:
        difference: Score of the system minus score of the baseline.
        confidence_interval: Middle 95 % of it on resampled test sets.
        p_values: p-values by test.
    """

    difference: float
    confidence_interval: tuple[float, float]
    p_values: Mapping[Test, float]


def add_system_intervals(
    systems: Sequence[Sequence[SystemScores]], resampling: Resampling
) -> tuple[list[list[Score]], list[list[Floats]]]:
    """Return scores with intervals, and the underlying resampled scores.

    Args:
        systems: Scores and statistics for each system and metric.
        resampling: Numbers of draws.

    Returns:
        Scores of each system, and the resampled values of each score, shape (num_resamples,).
    """
    statistics = [metric.statistics for system in systems for metric in system]
    by_metric = iter(bootstrap_scores(statistics, resampling.num_resamples, resampling.seed))
    counts = {"bs": resampling.num_resamples}
    if "randomization" in resampling.tests:
        counts["ar"] = resampling.num_trials
    scores: list[list[Score]] = []
    resampled: list[list[Floats]] = []
    for system in systems:
        columns = [column for _ in system for column in next(by_metric).T]
        resampled.append(columns)
        scores.append(
            [
                replace(
                    score,
                    confidence_interval=percentile_interval(column),
                    signature=sign_resampling(score.signature, resampling.seed, **counts),
                )
                for score, column in zip(
                    (score for metric in system for score in metric.scores), columns, strict=True
                )
            ]
        )
    return scores, resampled


def run_paired_tests(
    baseline: Sequence[SystemScores],
    system: Sequence[SystemScores],
    resampled: tuple[Sequence[Floats], Sequence[Floats]],
    resampling: Resampling,
    follows_sacrebleu: Sequence[bool],
) -> list[PairedResult]:
    """Test one system against the baseline.

    Args:
        baseline: Scores and statistics of the baseline, for each metric.
        system: Scores and statistics of the system, likewise.
        resampled: Scores of both on the same resampled test sets.
        resampling: Tests and numbers of draws.
        follows_sacrebleu: Whether p-values must equal sacreBLEU's, for each metric.

    Returns:
        Results, one per score.
    """
    randomized = _randomize(baseline, system, resampling, follows_sacrebleu)
    differences = [
        of_system.value - of_baseline.value
        for both in zip(baseline, system, strict=True)
        for of_baseline, of_system in zip(both[0].scores, both[1].scores, strict=True)
    ]
    results = []
    for difference, of_baseline, of_system, randomization in zip(
        differences, *resampled, randomized, strict=True
    ):
        p_values: dict[Test, float] = {}
        if "bootstrap" in resampling.tests:
            p_values["bootstrap"] = bootstrap_p_value(of_baseline, of_system, difference)
        if randomization is not None:
            p_values["randomization"] = randomization
        interval = percentile_interval(of_system - of_baseline)
        results.append(PairedResult(difference, interval, p_values))
    return results


def _randomize(
    baseline: Sequence[SystemScores],
    system: Sequence[SystemScores],
    resampling: Resampling,
    follows_sacrebleu: Sequence[bool],
) -> list[float | None]:
    """Return a p-value per score; None where the test is not requested or not possible."""
    p_values: list[list[float | None]] = [[None] * len(metric.scores) for metric in baseline]
    numbers = [
        number
        for number, metric in enumerate(baseline)
        if "randomization" in resampling.tests and isinstance(metric.statistics, JoinableStatistics)
    ]
    if numbers:
        found = randomization_p_values(
            [baseline[number].statistics for number in numbers],
            [system[number].statistics for number in numbers],
            resampling.num_trials,
            resampling.seed,
            [not follows_sacrebleu[number] for number in numbers],
        )
        for number, of_metric in zip(numbers, found, strict=True):
            p_values[number] = list(of_metric)
    return [value for of_metric in p_values for value in of_metric]

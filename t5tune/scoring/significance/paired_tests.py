"""Intervals and p-values of several systems against a baseline, for all metrics together."""

from __future__ import annotations

from collections.abc import Sequence

from t5tune.scoring.metrics.statistics import JoinableStatistics
from t5tune.scoring.registry import MetricSpec
from t5tune.scoring.score import Score
from t5tune.scoring.significance.collecting import SystemScores
from t5tune.scoring.significance.comparison import Difference, Resampling, Test
from t5tune.scoring.significance.p_values import state_verdict
from t5tune.scoring.significance.paired_differences import bootstrap_p_value, randomization_p_values
from t5tune.scoring.significance.resampling import (
    Floats,
    add_interval,
    bootstrap_scores,
    percentile_interval,
)


def add_system_intervals(
    systems: Sequence[Sequence[SystemScores]], resampling: Resampling
) -> tuple[list[list[Score]], list[list[Floats]]]:
    """Return scores with intervals, and the underlying resampled scores.

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
        resampled.append([column for _ in system for column in next(by_metric).T])
        of_system = [score for metric in system for score in metric.scores]
        pairs = zip(of_system, resampled[-1], strict=True)
        scores.append([add_interval(a, b, resampling.seed, **counts) for a, b in pairs])
    return scores, resampled


def run_paired_tests(
    baseline: Sequence[SystemScores],
    system: Sequence[SystemScores],
    resampled: tuple[Sequence[Floats], Sequence[Floats]],
    resampling: Resampling,
    metrics: Sequence[MetricSpec],
    *,
    num_different: int,
    num_comparisons: int,
) -> list[Difference]:
    """Test one system against the baseline and return a difference for each score.

    `resampled` holds the scores of both on the same resampled test sets; the counts are those of
    `state_verdict`.
    """
    randomized = _randomize(baseline, system, resampling, metrics)
    scores = [
        (metric, old.value, new.value)
        for metric, *both in zip(metrics, baseline, system, strict=True)
        for old, new in zip(both[0].scores, both[1].scores, strict=True)
    ]
    differences = []
    for (metric, old, new), of_baseline, of_system, randomization in zip(
        scores, *resampled, randomized, strict=True
    ):
        difference = new - old
        p_values: dict[Test, float] = {}
        if "bootstrap" in resampling.tests:
            p_values["bootstrap"] = bootstrap_p_value(of_baseline, of_system, difference)
        if randomization is not None:
            p_values["randomization"] = randomization
        if num_different == 0:
            # No exchange and no resample changes anything, so each is as extreme as what was
            # observed. sacreBLEU counts none of them, and gives its smallest p-value.
            p_values = dict.fromkeys(p_values, 1.0)
        verdict = state_verdict(
            difference,
            p_values,
            lower_is_better=metric.lower_is_better,
            num_different=num_different,
            num_comparisons=num_comparisons,
        )
        interval = percentile_interval(of_system - of_baseline)
        differences.append(Difference(difference, interval, p_values, verdict))
    return differences


def _randomize(
    baseline: Sequence[SystemScores],
    system: Sequence[SystemScores],
    resampling: Resampling,
    metrics: Sequence[MetricSpec],
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
            [not metrics[number].follows_sacrebleu for number in numbers],
        )
        for number, of_metric in zip(numbers, found, strict=True):
            p_values[number] = list(of_metric)
    return [value for of_metric in p_values for value in of_metric]

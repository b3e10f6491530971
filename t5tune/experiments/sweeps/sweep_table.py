"""The table that a sweep ends with, and what has to be said about it."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence

from t5tune.experiments.sweeps.arm_statistics import ArmResult, MeanScore, deviation_of
from t5tune.experiments.sweeps.sweep_outcomes import find_split
from t5tune.experiments.sweeps.sweep_plan import SweepPlan
from t5tune.reporting.tables.result_table import Column, ResultTable
from t5tune.scoring.registry import METRICS, format_value
from t5tune.scoring.significance.comparison import Resampling

FIRST_OF_ALL = "all values of the recipe"


def build_sweep_table(
    plan: SweepPlan, results: Sequence[ArmResult], chosen: ArmResult | None, why_no_test: str
) -> ResultTable:
    """Return a row for each score of each arm, the score that chooses first."""
    split = find_split(plan.trainings[0])
    columns = (
        Column("score"),
        Column("arm"),
        Column("seeds", is_number=True),
        Column("validation", is_number=True, forms="text"),
        Column(split, is_number=True, forms="text"),
        Column("95 % interval", forms="text"),
        Column("difference", is_number=True, forms="text"),
        *(
            Column(name, is_number=True, forms="csv")
            for name in (
                "validation_mean", "validation_deviation", f"{split}_mean", f"{split}_deviation",
                "interval_low", "interval_high", "difference", "difference_low",
                "difference_high",
            )
        ),
        Column("p (bootstrap)", is_number=True),
        Column("p (randomization)", is_number=True),
        Column("verdict"),
        Column("signature", forms="csv"),
    )  # fmt: skip
    main = METRICS[plan.metric].main_score
    names = dict.fromkeys([main, *(score.name for one in results for score in one.scores)])
    rows = []
    for name in names:
        for result in results:
            for score in result.scores:
                if score.name == name:
                    rows.append(_build_row(plan, result, score))
    notes = tuple(_describe(plan, results, chosen, why_no_test))
    return ResultTable(columns, tuple(rows), notes, num_grouped=1)


def _build_row(plan: SweepPlan, result: ArmResult, score: MeanScore) -> tuple[str, ...]:
    difference = score.difference
    interval = score.confidence_interval
    shown_interval = shown_difference = verdict = ""
    if interval is not None:
        ends = (format_value(score.name, end) for end in interval)
        shown_interval = f"[{', '.join(ends)}]"
    if difference is not None:
        shown_difference = format_value(score.name, difference.value, "+")
        verdict = difference.verdict
    elif result.arm == plan.arms[0]:
        verdict = "baseline"
    tests = difference.p_values if difference is not None else {}
    return (
        score.name,
        result.arm.name or FIRST_OF_ALL,
        str(len(result.seeds)),
        _show_mean(score.name, score.validations),
        _show_mean(score.name, score.values),
        shown_interval,
        shown_difference,
        *_numbers(score.validations),
        *_numbers(score.values),
        *map(str, interval or ("", "")),
        "" if difference is None else str(difference.value),
        *map(str, ("", "") if difference is None else difference.confidence_interval),
        *(f"{tests[test]:.4f}" if test in tests else "" for test in ("bootstrap", "randomization")),
        verdict,
        score.signature,
    )


def _show_mean(name: str, values: Sequence[float]) -> str:
    if not values:
        return ""
    text = format_value(name, statistics.fmean(values))
    deviation = deviation_of(values)
    return text if deviation is None else f"{text} ± {format_value(name, deviation)}"


def _numbers(values: Sequence[float]) -> tuple[str, str]:
    if not values:
        return "", ""
    deviation = deviation_of(values)
    return str(statistics.fmean(values)), "" if deviation is None else str(deviation)


def _describe(
    plan: SweepPlan, results: Sequence[ArmResult], chosen: ArmResult | None, why_no_test: str
) -> Iterator[str]:
    """Yield what is under the table."""
    split, main = find_split(plan.trainings[0]), METRICS[plan.metric].main_score
    if chosen is not None:
        if split == "test":
            role = "The test set has chosen nothing: it is only reported."
        else:
            role = "There is no test set: scores of what was chosen by them are too good."
        name = chosen.arm.name or FIRST_OF_ALL
        yield f"Chosen by the mean validation {main}: {name}. {role}"
    if any(len(result.seeds) > 1 for result in results):
        yield "Means ± standard deviations over the seeds."
    if why_no_test:
        yield why_no_test
        return
    resampling = Resampling()
    seeds = ", the outputs of all seeds for an example together"
    yield (
        f"Intervals hold 95 % of {resampling.num_resamples:,} resampled test sets "
        f"(seed {resampling.seed}){seeds}."
    )
    if any(score.difference for result in results for score in result.scores):
        yield (
            "Differences are those of the means from the first arm's, with the paired tests of "
            f"t5tune compare; verdicts ask for p < {0.05 / (len(plan.arms) - 1):.4f}. The tests "
            "are about the choice of test examples, the deviations about the seed."
        )
    elif len(plan.arms) > 1:
        yield "There are no tests: no other arm has a finished training with a seed of the first."
    for score in results[0].scores if results else ():
        yield f"{score.name}: {score.signature}"

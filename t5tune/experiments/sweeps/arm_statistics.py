"""What the arms of a sweep amount to: means and deviations over seeds, intervals, paired tests.

The score of an arm is the mean of its seeds' corpus scores. The outputs of all seeds for an example
belong together: examples are resampled, or exchanged between arms, with all of them at once.
Outputs of another seed are no further examples, which would make intervals too narrow.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from t5tune.experiments.sweeps.sweep_outcomes import Outcome, find_split, read_outputs
from t5tune.experiments.sweeps.sweep_plan import Arm, SweepPlan
from t5tune.recipe.resolve import choose_metrics
from t5tune.scoring.metrics.statistics import AdditiveStatistics
from t5tune.scoring.registry import METRICS, find_metric, is_computed_here, ranks_models
from t5tune.scoring.significance.collecting import SystemScores, collect_systems
from t5tune.scoring.significance.comparison import Difference, Resampling
from t5tune.scoring.significance.paired_tests import add_system_intervals, run_paired_tests
from t5tune.scoring.system_output import SystemOutput


@dataclass(frozen=True)
class MeanScore:
    """One score of an arm, over its seeds.

    Attributes:
        values: Scores of the report, seed by seed.
        validations: Scores of the best validation, seed by seed; empty if it is not validated.
        confidence_interval: Middle 95 % on resampled test sets, all seeds together.
        difference: Difference from the first arm, with paired tests; None for the first arm and
            where there is no test.
    """

    name: str
    values: tuple[float, ...]
    validations: tuple[float, ...]
    signature: str
    confidence_interval: tuple[float, float] | None = None
    difference: Difference | None = None

    def to_json(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "name": self.name,
            "mean": statistics.fmean(self.values),
            "deviation": deviation_of(self.values),
            "confidence_interval": self.confidence_interval,
            "validation_mean": statistics.fmean(self.validations) if self.validations else None,
            "validation_deviation": deviation_of(self.validations),
            "difference": None if self.difference is None else asdict(self.difference),
            "signature": self.signature,
        }


@dataclass(frozen=True)
class ArmResult:
    """The finished trainings of an arm, and its scores."""

    arm: Arm
    seeds: tuple[int, ...]
    scores: tuple[MeanScore, ...]

    def validation_mean(self, name: str) -> float | None:
        """Return the mean validation score of a name; None if no validation has it."""
        for score in self.scores:
            if score.name == name and score.validations:
                return statistics.fmean(score.validations)
        return None


def deviation_of(values: Sequence[float]) -> float | None:
    """Return the standard deviation over seeds; None of fewer than two."""
    return statistics.stdev(values) if len(values) > 1 else None


def compute_arms(plan: SweepPlan, outcomes: Sequence[Outcome]) -> tuple[list[ArmResult], str]:
    """Return the results of the arms that have a finished training.

    Returns:
        Results, in the order of the arms, and a sentence that says why there are no tests; empty
        if there are.
    """
    finished: dict[Arm, list[Outcome]] = {arm: [] for arm in plan.arms}
    for outcome in sorted(outcomes, key=lambda one: one.training.seed):
        if outcome.state == "finished" and outcome.scores:
            finished[outcome.training.arm].append(outcome)
    arms = {arm: found for arm, found in finished.items() if found}
    results = [_average(arm, found) for arm, found in arms.items()]
    if not results:
        return [], ""
    collected, why = _collect(plan, arms)
    if collected is None:
        return results, why
    return _add_tests(plan, results, collected), ""


def _average(arm: Arm, outcomes: Sequence[Outcome]) -> ArmResult:
    names = [name for name in outcomes[0].scores if all(name in one.scores for one in outcomes)]
    scores = tuple(
        MeanScore(
            name,
            tuple(one.scores[name] for one in outcomes),
            tuple(one.validation[name] for one in outcomes if name in one.validation),
            outcomes[0].signatures[name],
        )
        for name in names
    )
    return ArmResult(arm, tuple(one.training.seed for one in outcomes), scores)


@dataclass(frozen=True)
class _Collected:
    """Scores and statistics of every finished training, for the metrics that can be tested."""

    metrics: tuple[str, ...]
    scores: Mapping[tuple[Arm, int], Sequence[SystemScores]]  # one for each metric
    hypotheses: Mapping[tuple[Arm, int], Sequence[str]]


def _collect(
    plan: SweepPlan, arms: Mapping[Arm, Sequence[Outcome]]
) -> tuple[_Collected | None, str]:
    """Read the outputs of all trainings; they have to be about the same examples."""
    outputs = {}
    references: tuple[tuple[str, ...], ...] | None = None
    for arm, outcomes in arms.items():
        for outcome in outcomes:
            run = outcome.training.run.path
            stored = read_outputs(outcome)
            if stored is None or stored.references is None:
                return None, f"There are no intervals and tests: {run} has no outputs to read."
            if references is not None and stored.references != references:
                split = find_split(outcome.training)
                return None, (
                    f"There are no intervals and tests: the {split} sets of the trainings differ."
                )
            references = stored.references
            outputs[arm, outcome.training.seed] = SystemOutput(
                stored.hypotheses, stored.references, stored.sources
            )
    metrics = [
        name
        for name in choose_metrics(plan.recipe)
        if ranks_models(name) and is_computed_here(name)
    ]
    if not metrics:
        return None, "There are no intervals and tests: no metric can be resampled."
    by_metric = collect_systems(metrics, list(outputs.values()), plan.recipe.scoring_options)
    additive = [
        number
        for number, systems in enumerate(by_metric)
        if all(isinstance(one.statistics, AdditiveStatistics) for one in systems)
    ]
    scores = {
        key: [by_metric[number][place] for number in additive] for place, key in enumerate(outputs)
    }
    hypotheses = {key: output.hypotheses for key, output in outputs.items()}
    return _Collected(tuple(metrics[number] for number in additive), scores, hypotheses), ""


def _add_tests(
    plan: SweepPlan, results: Sequence[ArmResult], collected: _Collected
) -> list[ArmResult]:
    resampling = Resampling()
    specs = [find_metric(metric) for metric in collected.metrics]
    systems = [_join_seeds(collected, result.arm, result.seeds) for result in results]
    with_intervals, _ = add_system_intervals(systems, resampling)
    first = results[0]
    added = []
    for result, scores in zip(results, with_intervals, strict=True):
        found = {score.name: score for score in scores}
        differences: dict[str, Difference] = {}
        # The first arm, if it has a result, is what the others are compared with.
        common = tuple(seed for seed in result.seeds if seed in first.seeds)
        if result is not first and first.arm == plan.arms[0] and common:
            pair = [_join_seeds(collected, one.arm, common) for one in (first, result)]
            paired, resampled = add_system_intervals(pair, resampling)
            tested = run_paired_tests(
                pair[0],
                pair[1],
                (resampled[0], resampled[1]),
                resampling,
                specs,
                num_different=_count_different(collected, first.arm, result.arm, common),
                num_comparisons=len(plan.arms) - 1,
            )
            differences = {
                score.name: difference for score, difference in zip(paired[1], tested, strict=True)
            }
        added.append(
            replace(
                result,
                scores=tuple(
                    replace(
                        score,
                        confidence_interval=found[score.name].confidence_interval
                        if score.name in found
                        else None,
                        difference=differences.get(score.name),
                    )
                    for score in result.scores
                ),
            )
        )
    return added


def _join_seeds(collected: _Collected, arm: Arm, seeds: Sequence[int]) -> list[SystemScores]:
    """Return all seeds of an arm as one system, for each metric."""
    return [
        _join(of_metric)
        for of_metric in zip(*(collected.scores[arm, seed] for seed in seeds), strict=True)
    ]


def _join(seeds: Sequence[SystemScores]) -> SystemScores:
    """Return one metric of several seeds: the statistics of an example stand side by side."""
    tables = [one.statistics for one in seeds if isinstance(one.statistics, AdditiveStatistics)]
    num_columns = tables[0].matrix.shape[1]

    def compute(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        parts = np.split(sums, range(num_columns, sums.shape[1], num_columns), axis=1)
        scores = [table.compute(part) for table, part in zip(tables, parts, strict=True)]
        mean: NDArray[np.float64] = np.mean(scores, axis=0)
        return mean

    joined = AdditiveStatistics(np.hstack([table.matrix for table in tables]), compute)
    means = np.mean([[score.value for score in one.scores] for one in seeds], axis=0)
    scores = (
        replace(score, value=float(mean))
        for score, mean in zip(seeds[0].scores, means, strict=True)
    )
    return SystemScores(tuple(scores), joined, ())


def _count_different(collected: _Collected, one: Arm, other: Arm, seeds: Sequence[int]) -> int:
    """Return the number of examples for which the arms differ with any of the seeds."""
    differing: set[int] = set()
    for seed in seeds:
        pairs = zip(collected.hypotheses[one, seed], collected.hypotheses[other, seed], strict=True)
        differing |= {number for number, (ours, theirs) in enumerate(pairs) if ours != theirs}
    return len(differing)


def choose_arm(plan: SweepPlan, results: Sequence[ArmResult]) -> ArmResult | None:
    """Return the arm with the best mean validation score, of those with the most finished seeds.

    The test set has no say.
    """
    spec = METRICS[plan.metric]
    best: ArmResult | None = None
    most = max((len(result.seeds) for result in results), default=0)
    for result in results:
        value = result.validation_mean(spec.main_score)
        if value is None or len(result.seeds) < most:
            continue
        before = None if best is None else best.validation_mean(spec.main_score)
        if before is None or spec.is_better(value, before):
            best = result
    return best

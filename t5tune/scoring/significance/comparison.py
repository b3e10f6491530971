"""Comparison of systems on one test set: scores, differences and their significance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from t5tune.scoring.registry import find_metric
from t5tune.scoring.score import Score, ScoringOptions
from t5tune.scoring.system_output import SystemOutput

if TYPE_CHECKING:
    from t5tune.scoring.significance.collecting import SystemScores

Test = Literal["bootstrap", "randomization"]
TESTS: tuple[Test, ...] = ("bootstrap", "randomization")

# Values of an example that differ by less are equal up to rounding, on a scale to 100.
_TIE = 1e-9


@dataclass(frozen=True)
class Resampling:
    """Tests and numbers of random draws; the defaults are sacreBLEU's.

    Attributes:
        num_resamples: Number of test sets for the intervals and the bootstrap test.
        num_trials: Number of trials of the randomisation test.
    """

    tests: tuple[Test, ...] = TESTS
    num_resamples: int = 1000
    num_trials: int = 10000
    seed: int = 12345


@dataclass(frozen=True)
class Difference:
    """The difference of one score of a system from the baseline's.

    Attributes:
        value: Score of the system minus score of the baseline.
        confidence_interval: Middle 95 % of this difference on resampled test sets.
        p_values: p-values by test, without tests that the metric does not allow.
    """

    value: float
    confidence_interval: tuple[float, float]
    p_values: Mapping[Test, float]
    verdict: str


@dataclass(frozen=True)
class Tally:
    """Numbers of examples in which a system is better than the baseline, worse, or tied with it."""

    wins: int
    losses: int
    ties: int


@dataclass(frozen=True)
class ComparedSystem:
    """One system of a comparison.

    Attributes:
        scores: Scores in the order of `Comparison.score_names`, with confidence intervals.
        example_scores: Values of the examples, for each of `Comparison.metrics`.
        differences: Differences, one per score; empty for the baseline.
        tallies: Tallies, one for each of `Comparison.metrics`; empty for the baseline.
        num_different: Number of examples whose hypothesis differs from the baseline's.
    """

    name: str
    hypotheses: tuple[str, ...]
    scores: tuple[Score, ...]
    example_scores: tuple[tuple[float, ...], ...]
    differences: tuple[Difference, ...] = ()
    tallies: tuple[Tally, ...] = ()
    num_different: int = 0


@dataclass(frozen=True)
class Comparison:
    """Systems on the same examples, the baseline first, without times and paths.

    Attributes:
        references: References of each example, one or more.
        metrics: Names as in a recipe; the main score of each counts by example.
    """

    split: str | None
    sources: tuple[str, ...] | None
    references: tuple[tuple[str, ...], ...]
    metrics: tuple[str, ...]
    systems: tuple[ComparedSystem, ...]
    resampling: Resampling

    @property
    def num_examples(self) -> int:
        return len(self.references)

    @property
    def baseline(self) -> ComparedSystem:
        return self.systems[0]

    @property
    def example_metric_names(self) -> tuple[str, ...]:
        """Names of the scores that stand for an example, one for each of `metrics`."""
        return tuple(find_metric(metric).main_score for metric in self.metrics)

    def example_gains(self, system: ComparedSystem) -> list[float]:
        """Return the gain of each example over the baseline's by the first metric, or the loss."""
        return _gains(self.baseline.example_scores[0], system.example_scores[0], self.metrics[0])

    def largest_wins(self, system: ComparedSystem, num: int = 5) -> list[int]:
        """Return indices of the largest gains by the first metric, the largest first."""
        return _largest(self.example_gains(system), num)

    def largest_losses(self, system: ComparedSystem, num: int = 5) -> list[int]:
        """Return indices of the largest losses by the first metric, the largest first."""
        return _largest([-gain for gain in self.example_gains(system)], num)


def compare_systems(
    systems: Mapping[str, SystemOutput],
    metrics: Sequence[str],
    options: ScoringOptions,
    *,
    split: str | None = None,
    resampling: Resampling = Resampling(),
    num_processes: int | None = None,
) -> Comparison:
    """Score systems on the same examples and test each against the first, the baseline.

    Raises:
        T5TuneError: As `score_hypotheses` does.
    """
    from t5tune.scoring.significance.collecting import collect_systems

    metrics = tuple(dict.fromkeys(metrics))
    outputs = list(systems.values())
    by_metric = collect_systems(metrics, outputs, options, num_processes=num_processes)
    by_system = list(zip(*by_metric, strict=True))
    return Comparison(
        split=split,
        sources=tuple(outputs[0].sources) if outputs[0].sources is not None else None,
        references=tuple(map(tuple, outputs[0].references)),
        metrics=metrics,
        systems=tuple(_compare(systems, by_system, metrics, resampling)),
        resampling=resampling,
    )


def _compare(
    systems: Mapping[str, SystemOutput],
    by_system: Sequence[Sequence[SystemScores]],
    metrics: Sequence[str],
    resampling: Resampling,
) -> Iterator[ComparedSystem]:
    """Yield the baseline, then each other system with its differences from it."""
    from t5tune.scoring.significance.paired_tests import add_system_intervals, run_paired_tests

    specs = [find_metric(metric) for metric in metrics]
    scores, resampled = add_system_intervals(by_system, resampling)
    baseline = by_system[0]
    first = next(iter(systems.values()))
    for number, (name, output) in enumerate(systems.items()):
        system = by_system[number]
        compared = ComparedSystem(
            name,
            tuple(output.hypotheses),
            tuple(scores[number]),
            tuple(metric.examples for metric in system),
        )
        if number == 0:
            yield compared
            continue
        pairs = zip(first.hypotheses, output.hypotheses, strict=True)
        num_different = sum(ours != theirs for ours, theirs in pairs)
        differences = run_paired_tests(
            baseline,
            system,
            (resampled[0], resampled[number]),
            resampling,
            specs,
            num_different=num_different,
            num_comparisons=len(systems) - 1,
        )
        yield replace(
            compared,
            differences=tuple(differences),
            tallies=tuple(
                _tally(_gains(ours.examples, theirs.examples, metric))
                for ours, theirs, metric in zip(baseline, system, metrics, strict=True)
            ),
            num_different=num_different,
        )


def _gains(baseline: Sequence[float], system: Sequence[float], metric: str) -> list[float]:
    sign = -1.0 if find_metric(metric).lower_is_better else 1.0
    return [sign * (new - old) for old, new in zip(baseline, system, strict=True)]


def _largest(gains: Sequence[float], num: int) -> list[int]:
    order = sorted(range(len(gains)), key=lambda index: (-gains[index], index))
    return [index for index in order[:num] if gains[index] > _TIE]


def _tally(gains: Sequence[float]) -> Tally:
    wins = sum(gain > _TIE for gain in gains)
    losses = sum(gain < -_TIE for gain in gains)
    return Tally(wins, losses, len(gains) - wins - losses)

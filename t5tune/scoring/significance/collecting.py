"""Scores and statistics of several systems on the same examples, computed on all cores.

Extracting n-grams and edits from texts takes nearly all of the time of a comparison; resampling
is arithmetic. So the references are read once for all systems, and the examples are divided among
processes. They import this module, numpy and sacreBLEU, but no model library.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from t5tune.distributed.launch_environment import count_cores
from t5tune.scoring.compute import check_sources
from t5tune.scoring.metrics.additive_metric import AdditiveMetric, Row
from t5tune.scoring.metrics.statistics import AdditiveStatistics
from t5tune.scoring.registry import build_metric
from t5tune.scoring.score import Metric, Score, ScoringOptions, SegmentStatistics
from t5tune.scoring.significance.fresh_process import FreshProcess
from t5tune.scoring.system_output import SystemOutput

# Starting a process takes a third of a second, about the time to score this many hypotheses.
_MIN_HYPOTHESES_OF_A_PROCESS = 2000


@dataclass(frozen=True)
class SystemScores:
    """One metric of one system.

    `scores` are those of the full test set, `statistics` are for resampling, and `examples` are the
    values of examples on the scale of the metric's main score.
    """

    scores: tuple[Score, ...]
    statistics: SegmentStatistics
    examples: tuple[float, ...]


@dataclass(frozen=True)
class _Part:
    """Examples that one process scores: every n-th one."""

    metrics: tuple[str, ...]
    options: ScoringOptions
    systems: tuple[tuple[str, ...], ...]
    references: tuple[tuple[str, ...], ...]

    def collect(self) -> list[list[list[Row]]]:
        """Return rows by metric and by system."""
        metrics = [build_metric(name, self.options) for name in self.metrics]
        return [
            metric.collect_rows(self.systems, self.references)
            for metric in metrics
            if isinstance(metric, AdditiveMetric)
        ]


def collect_systems(
    metrics: Sequence[str],
    systems: Sequence[SystemOutput],
    options: ScoringOptions,
    *,
    num_processes: int | None = None,
) -> list[list[SystemScores]]:
    """Return a list for each metric, with the scores of each system.

    All systems have the same examples. By default there is a process per core, and a single one for
    little work.

    Raises:
        T5TuneError: As `score_hypotheses` does.
    """
    for metric in metrics:
        check_sources(metric, systems[0])
    references = systems[0].references
    built = [build_metric(name, options) for name in metrics]
    additive = tuple(
        name
        for name, metric in zip(metrics, built, strict=True)
        if isinstance(metric, AdditiveMetric)
    )
    if num_processes is None:
        num_processes = _choose_num_processes(len(systems) * len(references))
    parts = [
        _Part(
            additive,
            options,
            tuple(tuple(system.hypotheses[first::num_processes]) for system in systems),
            tuple(tuple(of_one) for of_one in references[first::num_processes]),
        )
        for first in range(num_processes)
    ]
    rows = iter(_collect_parts(parts)) if additive else iter(())
    return [
        _score_additive(metric, systems, next(rows))
        if isinstance(metric, AdditiveMetric)
        else [_score_other(metric, system) for system in systems]
        for metric in built
    ]


def _score_additive(
    metric: AdditiveMetric,
    systems: Sequence[SystemOutput],
    rows: Sequence[Sequence[Row]],
) -> list[SystemScores]:
    scored = []
    for system, of_system in zip(systems, rows, strict=True):
        metric.warn_about(system.hypotheses)
        statistics = metric.build_statistics(of_system)
        scores = tuple(metric.score_rows(of_system, system.references))
        scored.append(SystemScores(scores, statistics, tuple(statistics.segment_scores().tolist())))
    return scored


def _score_other(metric: Metric, system: SystemOutput) -> SystemScores:
    statistics = metric.collect_statistics(system)
    scores = tuple(metric.score_corpus(system))
    if isinstance(statistics, AdditiveStatistics):
        return SystemScores(scores, statistics, tuple(statistics.segment_scores().tolist()))
    return SystemScores(scores, statistics, tuple(metric.score_segments(system)))


def _choose_num_processes(num_hypotheses: int) -> int:
    if multiprocessing.current_process().daemon:
        return 1  # others of its kind use the other cores
    return max(1, min(count_cores(), num_hypotheses // _MIN_HYPOTHESES_OF_A_PROCESS))


def _collect_parts(parts: Sequence[_Part]) -> list[list[list[Row]]]:
    """Return rows by metric, system and example; this process collects the first part itself."""
    with ExitStack() as stack:
        workers = [stack.enter_context(FreshProcess(part.collect)) for part in parts[1:]]
        collected = [parts[0].collect(), *(worker.wait() for worker in workers)]
    return [
        [_interleave(of_parts) for of_parts in zip(*of_metric, strict=True)]
        for of_metric in zip(*collected, strict=True)
    ]


def _interleave(parts: Sequence[list[Row]]) -> list[Row]:
    """Put every n-th row back into its place."""
    rows: list[Row] = [()] * sum(map(len, parts))
    for first, part in enumerate(parts):
        rows[first :: len(parts)] = part
    return rows

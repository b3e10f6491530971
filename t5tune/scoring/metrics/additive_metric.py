"""A metric whose scores follow from sums over the examples; its numbers are collected once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

from t5tune.scoring.score import Metric, Score, SegmentStatistics

if TYPE_CHECKING:
    from t5tune.scoring.metrics.statistics import AdditiveStatistics

# The numbers of one example. Plain Python numbers, so that a score alone needs no numpy.
Row = Sequence[float]


class AdditiveMetric(ABC):
    """Corpus scores, example scores and statistics, all from one row of numbers an example.

    An example's row depends on that example alone, so any part of a test set can be collected
    anywhere.
    """

    @abstractmethod
    def collect_rows(
        self, systems: Sequence[Sequence[str]], references: Sequence[Sequence[str]]
    ) -> list[list[Row]]:
        """The numbers of every example, for each system; what references need is done once.

        Args:
            systems: Hypotheses of one system or several on the same examples.
            references: `references[i]` are those of example i.
        """

    @abstractmethod
    def score_rows(self, rows: Sequence[Row], references: Sequence[Sequence[str]]) -> list[Score]:
        """Scores of the whole corpus from the numbers of its examples."""

    @abstractmethod
    def build_statistics(self, rows: Sequence[Row]) -> AdditiveStatistics:
        """The same numbers, ready for resampling."""

    def warn_about(self, hypotheses: Sequence[str]) -> None:  # noqa: B027 (a hook)
        """Say on stderr what makes the score of these texts doubtful; most metrics are silent."""

    def score_corpus(
        self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]
    ) -> list[Score]:
        """Scores of the whole corpus."""
        self.warn_about(hypotheses)
        return self.score_rows(self.collect_rows([hypotheses], references)[0], references)

    def score_segments(
        self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]
    ) -> list[float]:
        """One number per example on the scale of the metric's main score."""
        values: list[float] = (
            self.collect_statistics(hypotheses, references).segment_scores().tolist()
        )
        return values

    def collect_statistics(
        self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]
    ) -> AdditiveStatistics:
        """What the corpus scores are computed from, by example."""
        return self.build_statistics(self.collect_rows([hypotheses], references)[0])


def score_with_statistics(
    metric: Metric, hypotheses: Sequence[str], references: Sequence[Sequence[str]]
) -> tuple[list[Score], SegmentStatistics]:
    """Corpus scores and what resampling needs, read from the texts once where that is possible."""
    if not isinstance(metric, AdditiveMetric):
        scores = metric.score_corpus(hypotheses, references)
        return scores, metric.collect_statistics(hypotheses, references)
    metric.warn_about(hypotheses)
    rows = metric.collect_rows([hypotheses], references)[0]
    return metric.score_rows(rows, references), metric.build_statistics(rows)

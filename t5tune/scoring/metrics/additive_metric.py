"""A metric whose scores follow from sums over the examples; its numbers are collected once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

from t5tune.scoring.score import Score

if TYPE_CHECKING:
    from t5tune.scoring.metrics.statistics import AdditiveStatistics
    from t5tune.scoring.system_output import SystemOutput

# The numbers of one example. Plain Python numbers, so that a score alone needs no numpy.
Row = Sequence[float]


class AdditiveMetric(ABC):
    """Metric whose scores and statistics all come from one row of numbers per example.

    An example's row depends on that example alone, so any part of a test set can be collected
    anywhere.
    """

    def collect_row(self, hypothesis: str, references: Sequence[str]) -> Row:
        """Return the numbers of one example, if `collect_rows` is not overridden."""
        raise NotImplementedError

    def collect_rows(
        self, systems: Sequence[Sequence[str]], references: Sequence[Sequence[str]]
    ) -> list[list[Row]]:
        """Return the numbers of every example, for each of several systems on the same examples.

        A metric to which references are costly overrides this, to process them once.
        """
        return [list(map(self.collect_row, hypotheses, references)) for hypotheses in systems]

    @abstractmethod
    def score_rows(self, rows: Sequence[Row], references: Sequence[Sequence[str]]) -> list[Score]:
        """Return scores of the whole corpus from the numbers of its examples."""

    @abstractmethod
    def build_statistics(self, rows: Sequence[Row]) -> AdditiveStatistics:
        """Return the same numbers, ready for resampling."""

    def warn_about(self, hypotheses: Sequence[str]) -> None:  # noqa: B027 (a hook)
        """Warn on stderr if the score of these texts is doubtful; most metrics never do."""

    def score_corpus(self, output: SystemOutput) -> list[Score]:
        """Return the scores of the whole corpus."""
        self.warn_about(output.hypotheses)
        return self.score_rows(self._collect_own_rows(output), output.references)

    def score_segments(self, output: SystemOutput) -> list[float]:
        """Return one number per example on the scale of the metric's main score."""
        values: list[float] = self.collect_statistics(output).segment_scores().tolist()
        return values

    def collect_statistics(self, output: SystemOutput) -> AdditiveStatistics:
        """Return what the corpus scores are computed from, by example."""
        return self.build_statistics(self._collect_own_rows(output))

    def _collect_own_rows(self, output: SystemOutput) -> list[Row]:
        return self.collect_rows([output.hypotheses], output.references)[0]

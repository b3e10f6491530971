"""From hypotheses to scores, of a test set and of each example."""

from __future__ import annotations

from collections.abc import Sequence

from t5tune.errors import T5TuneError
from t5tune.scoring.metrics.additive_metric import AdditiveMetric, Row
from t5tune.scoring.registry import build_metric, find_metric
from t5tune.scoring.score import Metric, Score, ScoringOptions, SegmentStatistics
from t5tune.scoring.system_output import SystemOutput

# sacreBLEU's.
DEFAULT_SEED = 12345
DEFAULT_NUM_RESAMPLES = 1000


def score_hypotheses(
    metrics: Sequence[str],
    output: SystemOutput,
    options: ScoringOptions = ScoringOptions(),
    *,
    num_resamples: int = 0,
    seed: int = DEFAULT_SEED,
) -> list[Score]:
    """Return corpus scores, in the order of `metrics` (a name that comes twice counts once).

    Args:
        metrics: Names from `METRICS` or `evaluate:NAME`; some give several scores.
        num_resamples: Number of bootstrap resamples for 95 % intervals; 0 for no intervals.

    Returns:
        Scores as percentages (or on the metric's own scale), not rounded, with signatures.

    Raises:
        T5TuneError: An unknown metric or tokenizer, a missing tokenizer package, or no sources for
            a metric that needs them.
    """
    scorer = OutputScorer(output, options)
    return scorer.score(metrics, num_resamples=num_resamples, seed=seed)


def sentence_scores(
    metric: str, output: SystemOutput, options: ScoringOptions = ScoringOptions()
) -> list[float]:
    """Return one number per example, for picking examples; their mean is not the corpus score.

    BLEU uses effective n-gram order; ROUGE means ROUGE-L. Arguments, scale and errors are those
    of `score_hypotheses`.
    """
    return OutputScorer(output, options).score_examples(metric)


def main_score(
    metric: str, output: SystemOutput, options: ScoringOptions = ScoringOptions()
) -> Score:
    """Return the corpus score that stands for a metric; otherwise as `score_hypotheses`."""
    name = find_metric(metric).main_score
    scores = score_hypotheses([metric], output, options)
    return next(score for score in scores if score.name == name)


def check_sources(metric: str, output: SystemOutput) -> None:
    """Refuse a metric that needs sources where there are none.

    Raises:
        T5TuneError: A metric lacks its sources; the next command gives them.
    """
    spec = find_metric(metric)
    if spec.needs_sources and output.sources is None:
        raise T5TuneError(
            f"{spec.main_score} needs the sources, and there are none.",
            next_command="t5tune score HYPOTHESES --reference FILE --source FILE",
        )


class OutputScorer:
    """Scores of one output and of parts of it, for which each metric reads each text once.

    Errors are those of `score_hypotheses`.
    """

    def __init__(self, output: SystemOutput, options: ScoringOptions = ScoringOptions()) -> None:
        self.output = output
        self._options = options
        self._rows: dict[str, Sequence[Row]] = {}

    def score(
        self,
        metrics: Sequence[str],
        indices: Sequence[int] | None = None,
        *,
        num_resamples: int = 0,
        seed: int = DEFAULT_SEED,
    ) -> list[Score]:
        """Return corpus scores of the examples with these indices, or of all.

        The other arguments are those of `score_hypotheses`.
        """
        built = {name: self._build(name) for name in metrics}
        part = self.output if indices is None else self.output.select(indices)
        scores = {
            name: self._score_part(name, metric, part, indices) for name, metric in built.items()
        }
        if not num_resamples:
            return [score for of_metric in scores.values() for score in of_metric]
        from t5tune.scoring.significance.resampling import add_intervals

        scored = [
            (scores[name], self._collect_statistics(name, metric, part, indices))
            for name, metric in built.items()
        ]
        return [score for of_one in add_intervals(scored, num_resamples, seed) for score in of_one]

    def has_rows(self, metric: str) -> bool:
        """Return whether scores of parts follow from numbers that are known already."""
        return metric in self._rows

    def score_examples(self, metric: str) -> list[float]:
        """Return one number per example, as `sentence_scores` does."""
        built = self._build(metric)
        if metric in self._rows and isinstance(built, AdditiveMetric):
            statistics = built.build_statistics(self._rows[metric])
            values: list[float] = statistics.segment_scores().tolist()
            return values
        return built.score_segments(self.output)

    def _build(self, metric: str) -> Metric:
        check_sources(metric, self.output)
        return build_metric(metric, self._options)

    def _score_part(
        self, name: str, metric: Metric, part: SystemOutput, indices: Sequence[int] | None
    ) -> list[Score]:
        if not isinstance(metric, AdditiveMetric):
            return metric.score_corpus(part)
        metric.warn_about(part.hypotheses)
        return metric.score_rows(self._collect_rows(name, metric, indices), part.references)

    def _collect_statistics(
        self, name: str, metric: Metric, part: SystemOutput, indices: Sequence[int] | None
    ) -> SegmentStatistics:
        if not isinstance(metric, AdditiveMetric):
            return metric.collect_statistics(part)
        return metric.build_statistics(self._collect_rows(name, metric, indices))

    def _collect_rows(
        self, name: str, metric: AdditiveMetric, indices: Sequence[int] | None
    ) -> Sequence[Row]:
        if name not in self._rows:
            output = self.output
            self._rows[name] = metric.collect_rows([output.hypotheses], output.references)[0]
        rows = self._rows[name]
        return rows if indices is None else [rows[index] for index in indices]

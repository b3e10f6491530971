"""From hypotheses to scores: of a whole test set, and of each example."""

from __future__ import annotations

from collections.abc import Sequence

from t5tune.errors import T5TuneError
from t5tune.scoring.metrics.additive_metric import score_with_statistics
from t5tune.scoring.registry import build_metric, find_metric
from t5tune.scoring.score import Metric, Score, ScoringOptions
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
        output: What is scored.
        options: Of the metrics.
        num_resamples: Bootstrap resamples for 95 % confidence intervals; 0 for no intervals.
        seed: Of the resampling.

    Returns:
        Scores as percentages (or on the metric's own scale), not rounded, with signatures.

    Raises:
        T5TuneError: An unknown metric or tokenizer, a missing tokenizer package, or no sources for
            a metric that needs them.
    """
    scorers = [_build_for(metric, output, options) for metric in dict.fromkeys(metrics)]
    if not num_resamples:
        return [score for scorer in scorers for score in scorer.score_corpus(output)]
    from t5tune.scoring.significance.resampling import add_intervals

    scored = [score_with_statistics(scorer, output) for scorer in scorers]
    return [score for scores in add_intervals(scored, num_resamples, seed) for score in scores]


def sentence_scores(
    metric: str, output: SystemOutput, options: ScoringOptions = ScoringOptions()
) -> list[float]:
    """Return one number per example, for picking examples; their mean is not the corpus score.

    BLEU uses effective n-gram order; ROUGE means ROUGE-L. Arguments, scale and errors are those
    of `score_hypotheses`.
    """
    return _build_for(metric, output, options).score_segments(output)


def main_score(
    metric: str, output: SystemOutput, options: ScoringOptions = ScoringOptions()
) -> Score:
    """Return the corpus score that stands for a metric; all else as in `score_hypotheses`."""
    name = find_metric(metric).main_score
    scores = score_hypotheses([metric], output, options)
    return next(score for score in scores if score.name == name)


def check_sources(metric: str, output: SystemOutput) -> None:
    """Refuse a metric that needs sources where there are none.

    Raises:
        T5TuneError: With the option that gives them.
    """
    spec = find_metric(metric)
    if spec.needs_sources and output.sources is None:
        raise T5TuneError(
            f"{spec.main_score} looks at the sources too, and there are none.",
            next_command="t5tune score HYPOTHESES --reference FILE --source FILE",
        )


def _build_for(metric: str, output: SystemOutput, options: ScoringOptions) -> Metric:
    check_sources(metric, output)
    return build_metric(metric, options)

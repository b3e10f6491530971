"""From hypotheses to scores: of a whole test set, and of each example."""

from __future__ import annotations

from collections.abc import Sequence

from t5tune.errors import T5TuneError
from t5tune.scoring.metrics.additive_metric import score_with_statistics
from t5tune.scoring.registry import build_metric
from t5tune.scoring.score import Normalization, Score, ScoringOptions

# sacreBLEU's.
DEFAULT_SEED = 12345
DEFAULT_NUM_RESAMPLES = 1000


def score_hypotheses(
    metrics: Sequence[str],
    hypotheses: Sequence[str],
    references: Sequence[Sequence[str]],
    *,
    tokenize: str | None = None,
    lowercase: bool = False,
    target_lang: str | None = None,
    normalize: Normalization = "none",
    sources: Sequence[str] | None = None,
    allow_code: bool = False,
    num_resamples: int = 0,
    seed: int = DEFAULT_SEED,
) -> list[Score]:
    """Corpus scores, in the order of `metrics` (a name that comes twice counts once).

    Args:
        metrics: Names from `METRICS` or `evaluate:NAME`; some give several scores.
        hypotheses: One text per example.
        references: `references[i]` are those of example i, at least one; their number may differ.
        tokenize: sacreBLEU tokenizer for BLEU; None means the best one for `target_lang`.
        lowercase: Ignore case in BLEU, chrF2++, exact_match, WER and CER; the others always do.
        target_lang: Chooses BLEU's tokenizer (zh, ja, ko) and ROUGE's (English or not).
        normalize: For exact_match: `none` strips white space, `squad` normalises as SQuAD does.
        sources: Input texts, which COMET and some metrics of `evaluate` need.
        allow_code: Whether metrics of `evaluate` may be loaded, which runs their code.
        num_resamples: Bootstrap resamples for 95 % confidence intervals; 0 for no intervals.
        seed: Of the resampling.

    Returns:
        Scores as percentages (or on the metric's own scale), not rounded, with signatures.

    Raises:
        T5TuneError: An unknown metric or tokenizer, a missing tokenizer package, no examples, or
            numbers of hypotheses and references that differ.
    """
    options = ScoringOptions(tokenize, lowercase, target_lang, normalize, sources, allow_code)
    scorers = [build_metric(metric, options) for metric in dict.fromkeys(metrics)]
    check_examples(hypotheses, references)
    if not num_resamples:
        return [one for scorer in scorers for one in scorer.score_corpus(hypotheses, references)]
    from t5tune.scoring.significance.resampling import add_intervals

    scored = [score_with_statistics(scorer, hypotheses, references) for scorer in scorers]
    return [score for scores in add_intervals(scored, num_resamples, seed) for score in scores]


def sentence_scores(
    metric: str,
    hypotheses: Sequence[str],
    references: Sequence[Sequence[str]],
    *,
    tokenize: str | None = None,
    lowercase: bool = False,
    target_lang: str | None = None,
    normalize: Normalization = "none",
    sources: Sequence[str] | None = None,
    allow_code: bool = False,
) -> list[float]:
    """One number per example, for picking examples; their mean is not the corpus score.

    BLEU uses effective n-gram order; ROUGE means ROUGE-L. Arguments, scale and errors are those
    of `score_hypotheses`.
    """
    options = ScoringOptions(tokenize, lowercase, target_lang, normalize, sources, allow_code)
    scorer = build_metric(metric, options)
    check_examples(hypotheses, references)
    return scorer.score_segments(hypotheses, references)


def check_examples(hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> None:
    """Refuse what cannot be scored.

    Raises:
        T5TuneError: No examples, one without a reference, or numbers that differ.
    """
    if len(hypotheses) != len(references):
        raise T5TuneError(
            f"There are {len(hypotheses)} hypotheses but references for {len(references)} "
            "examples.",
            next_command="give one hypothesis for each example, an empty one included",
        )
    if not hypotheses:
        raise T5TuneError(
            "There are no examples to score.", next_command="check that the split is not empty"
        )
    for number, of_one_example in enumerate(references):
        if isinstance(of_one_example, str):
            # A caller's mistake, not a user's: every letter would count as a reference.
            raise TypeError("references[i] must be a sequence of texts, not one text")
        if not of_one_example:
            raise T5TuneError(
                f"Example {number} (counted from 0) has no reference.",
                next_command="remove the example or give it a reference",
            )

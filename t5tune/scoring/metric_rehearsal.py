"""Scoring tried on two made-up examples, before hours are spent on what it is needed for."""

from __future__ import annotations

from collections.abc import Sequence

from t5tune.scoring.compute import score_hypotheses, sentence_scores
from t5tune.scoring.registry import is_computed_here, metric_for_examples
from t5tune.scoring.score import Normalization

HYPOTHESES = ("The cat sat on the mat.", "Es ist 3 Uhr.")
REFERENCES = (("The cat is sitting on a mat.",), ("Es ist drei Uhr.",))


def rehearse_scoring(
    metrics: Sequence[str],
    *,
    tokenize: str | None,
    lowercase: bool,
    target_lang: str | None,
    normalize: Normalization,
) -> None:
    """Compute every score once, as a report does; programs of others are left out.

    Arguments as in `score_hypotheses`.

    Raises:
        T5TuneError: A metric or its tokenizer cannot be used here.
    """
    own = list(filter(is_computed_here, metrics))
    ranking = metric_for_examples(own)
    score_hypotheses(
        own, HYPOTHESES, REFERENCES, tokenize=tokenize, lowercase=lowercase,
        target_lang=target_lang, normalize=normalize, sources=HYPOTHESES, num_resamples=2,
    )  # fmt: skip
    sentence_scores(
        ranking, HYPOTHESES, REFERENCES, tokenize=tokenize, lowercase=lowercase,
        target_lang=target_lang, normalize=normalize, sources=HYPOTHESES,
    )  # fmt: skip

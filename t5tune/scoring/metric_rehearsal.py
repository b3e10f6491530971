"""A trial of scoring on two made-up examples, before hours are spent on training."""

from __future__ import annotations

from collections.abc import Sequence

from t5tune.scoring.compute import score_hypotheses, sentence_scores
from t5tune.scoring.registry import is_computed_here, metric_for_examples
from t5tune.scoring.score import ScoringOptions
from t5tune.scoring.system_output import SystemOutput


def rehearse_scoring(metrics: Sequence[str], options: ScoringOptions) -> None:
    """Compute every score once, as a report does, except those of external programs.

    Raises:
        T5TuneError: A metric or its tokenizer cannot be used here.
    """
    own = list(filter(is_computed_here, metrics))
    hypotheses = ("The cat sat on the mat.", "Es ist 3 Uhr.")
    references = (("The cat is sitting on a mat.",), ("Es ist drei Uhr.",))
    output = SystemOutput(hypotheses, references, sources=hypotheses)
    score_hypotheses(own, output, options, num_resamples=2)
    sentence_scores(metric_for_examples(own), output, options)

"""BLEU on the tokens of mteval-v14's international tokenization, for comparison with the T5 paper.

C. Raffel et al., "Exploring the Limits of Transfer Learning with a Unified Text-to-Text
Transformer", JMLR 2020, section 2.3: their translation scores are sacreBLEU's with this
tokenization and exponential smoothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from t5tune.scoring.metrics.additive_metric import Row
from t5tune.scoring.metrics.sacrebleu_metrics import SacrebleuScorer
from t5tune.scoring.score import Score, ScoringOptions


class BleuIntlScorer(SacrebleuScorer):
    """BLEU that separates all punctuation marks and symbols of Unicode, not only of ASCII.

    The tokenizer is the definition: neither language nor `tokenize` changes it.
    """

    def __init__(self, options: ScoringOptions) -> None:
        from sacrebleu.metrics.bleu import BLEU

        super().__init__(BLEU(lowercase=options.lowercase, tokenize="intl"))

    def score_rows(self, rows: Sequence[Row], references: Sequence[Sequence[str]]) -> list[Score]:
        """Return sacreBLEU's score, under a name that distinguishes it from BLEU in a report."""
        return [replace(score, name="BLEU-intl") for score in super().score_rows(rows, references)]

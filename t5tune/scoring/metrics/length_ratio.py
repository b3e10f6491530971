"""Length of the hypotheses compared with the references."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from t5tune.scoring.metrics.additive_metric import AdditiveMetric, Row
from t5tune.scoring.metrics.sacrebleu_metrics import build_sentence_bleu
from t5tune.scoring.score import Score, ScoringOptions, format_signature

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from t5tune.scoring.metrics.statistics import AdditiveStatistics


class LengthRatioScorer(AdditiveMetric):
    """Tokens of the hypotheses divided by those of the references.

    It is the ratio that sacreBLEU prints with a BLEU: BLEU's tokens, and of several references
    the one nearest in length counts for each example (of two equally near, the shorter one;
    Papineni et al. 2002, section 2.2.2). References without a token have ratio 0.

    Raises:
        T5TuneError: The tokenizer is unknown or needs a package that is not installed.
    """

    def __init__(self, options: ScoringOptions) -> None:
        self._bleu = build_sentence_bleu(options)

    def collect_row(self, hypothesis: str, references: Sequence[str]) -> Row:
        """Return both lengths of one example."""
        score = self._bleu.sentence_score(hypothesis, list(references))
        return score.sys_len, score.ref_len

    def score_rows(self, rows: Sequence[Row], references: Sequence[Sequence[str]]) -> list[Score]:
        """Return the ratio of the sums over all examples: 1 where both are equally long."""
        length, reference_length = (sum(column) for column in zip(*rows, strict=True))
        value = length / reference_length if reference_length else 0.0
        return [Score("length_ratio", value, self._signature(references))]

    def build_statistics(self, rows: Sequence[Row]) -> AdditiveStatistics:
        """Return both lengths of every example, ready for resampling."""
        from t5tune.scoring.metrics.statistics import AdditiveStatistics

        return AdditiveStatistics(rows, _ratios)

    def _signature(self, references: Sequence[Sequence[str]]) -> str:
        from sacrebleu import __version__

        return format_signature(
            references,
            unit="token",
            ref="nearest",
            tok=self._bleu.tokenizer_signature,
            version=f"sacrebleu-{__version__}",
        )


def _ratios(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    lengths, reference_lengths = sums[:, :1], sums[:, 1:]
    ratios = np.zeros_like(lengths)
    return np.divide(lengths, reference_lengths, out=ratios, where=reference_lengths > 0)

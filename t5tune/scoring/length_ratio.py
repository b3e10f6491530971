"""How long the hypotheses are, compared with the references."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from t5tune.scoring.sacrebleu_metrics import build_sentence_bleu
from t5tune.scoring.score import Score, ScoringOptions, format_signature

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from t5tune.scoring.statistics import AdditiveStatistics


class LengthRatioScorer:
    """Tokens of the hypotheses, divided by those of the references.

    It is the ratio that sacreBLEU prints with a BLEU: BLEU's tokens, and of several references
    the one nearest in length counts for each example (of two that are as near, the shorter one;
    Papineni et al. 2002, section 2.2.2). References without a token have ratio 0.

    Args:
        options: `tokenize` and `target_lang` choose the tokenizer, as for BLEU.

    Raises:
        T5TuneError: The tokenizer is unknown or needs a package that is not installed.
    """

    def __init__(self, options: ScoringOptions) -> None:
        self._bleu = build_sentence_bleu(options)

    def score_corpus(
        self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]
    ) -> list[Score]:
        """The ratio of the sums over all examples: 1 where both are equally long."""
        lengths = self._lengths(hypotheses, references)
        value = _ratio(sum(own for own, _ in lengths), sum(nearest for _, nearest in lengths))
        return [Score("length_ratio", value, self._signature(references))]

    def score_segments(
        self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]
    ) -> list[float]:
        """The ratio of every example."""
        return [_ratio(*pair) for pair in self._lengths(hypotheses, references)]

    def collect_statistics(
        self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]
    ) -> AdditiveStatistics:
        """Both lengths of every example."""
        from t5tune.scoring.statistics import AdditiveStatistics

        return AdditiveStatistics(self._lengths(hypotheses, references), _ratios)

    def _lengths(
        self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]
    ) -> list[tuple[int, int]]:
        scores = (
            self._bleu.sentence_score(hypothesis, list(of_one_example))
            for hypothesis, of_one_example in zip(hypotheses, references, strict=True)
        )
        return [(score.sys_len, score.ref_len) for score in scores]

    def _signature(self, references: Sequence[Sequence[str]]) -> str:
        from sacrebleu import __version__

        return format_signature(
            references,
            unit="token",
            ref="nearest",
            tok=self._bleu.tokenizer_signature,
            version=f"sacrebleu-{__version__}",
        )


def _ratio(length: int, reference_length: int) -> float:
    return length / reference_length if reference_length else 0.0


def _ratios(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    lengths, reference_lengths = sums[:, :1], sums[:, 1:]
    ratios = np.zeros_like(lengths)
    return np.divide(lengths, reference_lengths, out=ratios, where=reference_lengths > 0)

"""Word and character error rates (Levenshtein 1966)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from t5tune.scoring.metrics.additive_metric import AdditiveMetric, Row
from t5tune.scoring.score import Score, ScoringOptions, format_signature

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from t5tune.scoring.metrics.statistics import AdditiveStatistics

Unit = Literal["word", "char"]


class ErrorRateScorer(AdditiveMetric):
    """Edits per 100 units of the references over the whole corpus, so long examples weigh more.

    Words are what white space separates. Characters are Unicode code points, the spaces between
    words included, white space at both ends not; nothing is normalised, so "é" as one code point
    and as two are different. The rate can exceed 100.

    With several references, each example counts against the one with the lowest rate (the first
    of equals). An empty reference has rate 0 for an empty hypothesis and is the last choice
    otherwise; its insertions still count, so a corpus of empty references has rate 100 if there
    is any edit (as sacreBLEU's TER does it) and 0 if there is none.
    """

    def __init__(self, unit: Unit, options: ScoringOptions) -> None:
        self._unit: Unit = unit
        self._options = options

    def collect_row(self, hypothesis: str, references: Sequence[str]) -> Row:
        """Return edits and length of the reference that the hypothesis is nearest to, in units."""
        from rapidfuzz.distance import Levenshtein

        units = self._split(hypothesis)
        best = (0, 0)
        lowest_rate = math.inf
        for number, reference in enumerate(references):
            reference_units = self._split(reference)
            num_edits = Levenshtein.distance(units, reference_units)
            length = len(reference_units)
            rate = num_edits / length if length else (math.inf if num_edits else 0.0)
            if number == 0 or rate < lowest_rate:
                best, lowest_rate = (num_edits, length), rate
        return best

    def score_rows(self, rows: Sequence[Row], references: Sequence[Sequence[str]]) -> list[Score]:
        """Return WER or CER as a percentage."""
        num_edits = sum(edits for edits, _ in rows)
        length = sum(length for _, length in rows)
        signature = format_signature(references, case=self._options.case, unit=self._unit)
        name = "WER" if self._unit == "word" else "CER"
        return [Score(name, _percentage(num_edits, length), signature)]

    def build_statistics(self, rows: Sequence[Row]) -> AdditiveStatistics:
        """Return edits and lengths, ready for resampling."""
        from t5tune.scoring.metrics.statistics import AdditiveStatistics

        return AdditiveStatistics(rows, error_rates)

    def _split(self, text: str) -> Sequence[str]:
        text = text.lower() if self._options.lowercase else text
        return text.split() if self._unit == "word" else text.strip()


def build_wer(options: ScoringOptions) -> ErrorRateScorer:
    """Return the word error rate."""
    return ErrorRateScorer("word", options)


def build_cer(options: ScoringOptions) -> ErrorRateScorer:
    """Return the character error rate."""
    return ErrorRateScorer("char", options)


def error_rates(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return WER or CER from edits and lengths: shapes (num_samples, 2) and (num_samples, 1)."""
    import numpy as np

    return np.array([[_percentage(*row)] for row in sums.tolist()])


def _percentage(num_edits: float, length: float) -> float:
    if length == 0:
        return 100.0 if num_edits else 0.0
    return 100.0 * num_edits / length

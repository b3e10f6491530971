"""Exact match and token F1, the two scores of extractive question answering.

Both come from SQuAD: P. Rajpurkar, J. Zhang, K. Lopyrev and P. Liang, "SQuAD: 100,000+ Questions
for Machine Comprehension of Text", EMNLP 2016, section 6.1.
"""

from __future__ import annotations

import re
import string
from abc import abstractmethod
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from t5tune.scoring.metrics.additive_metric import AdditiveMetric, Row
from t5tune.scoring.score import Score, ScoringOptions, format_signature

if TYPE_CHECKING:
    from t5tune.scoring.metrics.statistics import MeanStatistics

_DELETE_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")


def normalize_answer(text: str) -> str:
    """Bring a text into SQuAD v1.1's normal form.

    Lower case, no ASCII punctuation, no English articles, one space between words. Punctuation
    goes before articles and leaves no space behind, as in the official evaluation: "the-end"
    becomes "theend", and "U.S.A." becomes "usa".
    """
    without_punctuation = text.lower().translate(_DELETE_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", without_punctuation).split())


class _MeanMetric(AdditiveMetric):
    """Metric that is the mean of one percentage per example."""

    name: str

    def collect_row(self, hypothesis: str, references: Sequence[str]) -> Row:
        """Return the percentage of one example."""
        return (self.score_example(hypothesis, references),)

    def score_rows(self, rows: Sequence[Row], references: Sequence[Sequence[str]]) -> list[Score]:
        """Return the mean over all examples."""
        mean = sum(value for (value,) in rows) / len(rows)
        return [Score(self.name, mean, self.sign(references))]

    def build_statistics(self, rows: Sequence[Row]) -> MeanStatistics:
        """Return the percentages, ready for resampling."""
        from t5tune.scoring.metrics.statistics import MeanStatistics

        return MeanStatistics(rows)

    @abstractmethod
    def score_example(self, hypothesis: str, references: Sequence[str]) -> float:
        """Return a percentage from 0 to 100."""

    @abstractmethod
    def sign(self, references: Sequence[Sequence[str]]) -> str:
        """Return the signature."""


class ExactMatchScorer(_MeanMetric):
    """Share of hypotheses that equal one of their references.

    Only surrounding white space is ignored, unless the options ask for SQuAD's normalisation.
    """

    name = "exact_match"

    def __init__(self, options: ScoringOptions) -> None:
        self._options = options

    def score_example(self, hypothesis: str, references: Sequence[str]) -> float:
        """Return 100 for a match, 0 otherwise."""
        prepared = self._prepare(hypothesis)
        return 100.0 * any(prepared == self._prepare(reference) for reference in references)

    def sign(self, references: Sequence[Sequence[str]]) -> str:
        """Return a signature with case and normalisation."""
        normalization = self._options.normalize
        case = "lc" if normalization == "squad" else self._options.case
        return format_signature(references, case=case, norm=normalization)

    def _prepare(self, text: str) -> str:
        if self._options.normalize == "squad":
            return normalize_answer(text)
        stripped = text.strip()
        return stripped.lower() if self._options.lowercase else stripped


class TokenF1Scorer(_MeanMetric):
    """Mean F1 of the bags of normalised tokens, the best reference counting for each example.

    SQuAD's normalisation is part of the definition, so no option changes this score.
    """

    name = "token_F1"

    def __init__(self, _: ScoringOptions) -> None: ...

    def score_example(self, hypothesis: str, references: Sequence[str]) -> float:
        """Return the best F1 over the references, as a percentage."""
        return 100.0 * max(token_f1(hypothesis, reference) for reference in references)

    def sign(self, references: Sequence[Sequence[str]]) -> str:
        """Return a signature of the fixed settings."""
        return format_signature(references, case="lc", norm="squad", empty="equal")


def token_f1(hypothesis: str, reference: str) -> float:
    """Return F1 of two bags of tokens after SQuAD's normalisation, from 0 to 1.

    Two texts that are both empty after normalisation score 1, as in SQuAD 2.0's evaluation
    (Rajpurkar, Jia and Liang 2018), where "no answer" is the empty string; v1.1 gives 0.
    """
    hypothesis_tokens = normalize_answer(hypothesis).split()
    reference_tokens = normalize_answer(reference).split()
    if not hypothesis_tokens or not reference_tokens:
        return float(hypothesis_tokens == reference_tokens)
    num_common = (Counter(hypothesis_tokens) & Counter(reference_tokens)).total()
    # 2PR / (P + R) with P = common / hypothesis length and R = common / reference length.
    return 2 * num_common / (len(hypothesis_tokens) + len(reference_tokens))

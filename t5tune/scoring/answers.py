"""Exact match and token F1, the two scores of extractive question answering.

Both come from SQuAD: P. Rajpurkar, J. Zhang, K. Lopyrev and P. Liang, "SQuAD: 100,000+ Questions
for Machine Comprehension of Text", EMNLP 2016, section 6.1.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence

from t5tune.scoring.score import Score, ScoringOptions, format_signature

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


class ExactMatchScorer:
    """Share of hypotheses that equal one of their references.

    Only surrounding white space is ignored, unless the options ask for SQuAD's normalisation.
    """

    def __init__(self, options: ScoringOptions) -> None:
        self._options = options

    def score_corpus(
        self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]
    ) -> list[Score]:
        """The percentage of exact matches."""
        values = self.score_segments(hypotheses, references)
        is_squad = self._options.normalize == "squad"
        signature = format_signature(
            references,
            case="lc" if is_squad else self._options.case,
            norm=self._options.normalize,
        )
        return [Score("exact_match", sum(values) / len(values), signature)]

    def score_segments(
        self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]
    ) -> list[float]:
        """100 for a match, 0 otherwise."""
        return [
            100.0 * any(self._prepare(hypothesis) == self._prepare(one) for one in of_one_example)
            for hypothesis, of_one_example in zip(hypotheses, references, strict=True)
        ]

    def _prepare(self, text: str) -> str:
        if self._options.normalize == "squad":
            return normalize_answer(text)
        stripped = text.strip()
        return stripped.lower() if self._options.lowercase else stripped


class TokenF1Scorer:
    """Mean F1 of the bags of normalised tokens, the best reference counting for each example.

    SQuAD's normalisation is part of the definition, so no option changes this score.
    """

    def score_corpus(
        self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]
    ) -> list[Score]:
        """The mean over all examples, as a percentage."""
        values = self.score_segments(hypotheses, references)
        signature = format_signature(references, case="lc", norm="squad", empty="equal")
        return [Score("token_F1", sum(values) / len(values), signature)]

    def score_segments(
        self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]
    ) -> list[float]:
        """The best F1 over the references of every example, as a percentage."""
        return [
            100.0 * max(token_f1(hypothesis, reference) for reference in of_one_example)
            for hypothesis, of_one_example in zip(hypotheses, references, strict=True)
        ]


def token_f1(hypothesis: str, reference: str) -> float:
    """F1 of two bags of tokens after SQuAD's normalisation, from 0 to 1.

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

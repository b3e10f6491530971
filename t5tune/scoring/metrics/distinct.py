"""distinct-1 and distinct-2: the variety of a system's texts.

J. Li, M. Galley, C. Brockett, J. Gao and B. Dolan, "A Diversity-Promoting Objective Function for
Neural Conversation Models", NAACL 2016, section 5.3: different unigrams and bigrams of all texts,
each divided by the number of tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from t5tune.scoring.metrics.sacrebleu_metrics import build_sentence_bleu
from t5tune.scoring.score import Score, ScoringOptions, format_signature

if TYPE_CHECKING:
    from t5tune.scoring.metrics.distinct_statistics import DistinctStatistics
    from t5tune.scoring.system_output import SystemOutput

ORDERS: tuple[int, ...] = (1, 2)

Ngram = tuple[str, ...]


class DistinctScorer:
    """Different n-grams per token, from 0 to 1; more means more varied.

    References are ignored. The value falls as a test set grows, because words recur:
    compare texts of the same test set only.

    Args:
        options: `tokenize` and `target_lang` select the tokenizer, as for BLEU; `lowercase`.

    Raises:
        T5TuneError: The tokenizer is unknown or needs a package that is not installed.
    """

    def __init__(self, options: ScoringOptions) -> None:
        self._options = options
        self._bleu = build_sentence_bleu(options)

    def score_corpus(self, output: SystemOutput) -> list[Score]:
        """Return distinct_1 and distinct_2 of all hypotheses together."""
        texts = self._tokenize(output.hypotheses)
        signature = self._signature(output.references)
        return [Score(f"distinct_{order}", _distinct(texts, order), signature) for order in ORDERS]

    def score_segments(self, output: SystemOutput) -> list[float]:
        """Return distinct_2 of each hypothesis: low where a text repeats itself."""
        return [_distinct([tokens], ORDERS[-1]) for tokens in self._tokenize(output.hypotheses)]

    def collect_statistics(self, output: SystemOutput) -> DistinctStatistics:
        """Return the different n-grams and the number of tokens of every hypothesis."""
        from t5tune.scoring.metrics.distinct_statistics import DistinctStatistics

        texts = self._tokenize(output.hypotheses)
        ngrams = [[ngrams_of(tokens, order) for tokens in texts] for order in ORDERS]
        return DistinctStatistics(ngrams, [len(tokens) for tokens in texts])

    def _tokenize(self, hypotheses: Sequence[str]) -> list[list[str]]:
        texts = (text.lower() if self._options.lowercase else text for text in hypotheses)
        return [self._bleu.tokenizer(text.rstrip()).split() for text in texts]

    def _signature(self, references: Sequence[Sequence[str]]) -> str:
        from sacrebleu import __version__

        return format_signature(
            references,
            case=self._options.case,
            per="token",
            tok=self._bleu.tokenizer_signature,
            version=f"sacrebleu-{__version__}",
        )


def ngrams_of(tokens: Sequence[str], order: int) -> set[Ngram]:
    """Return the different n-grams of a text."""
    return {tuple(tokens[start : start + order]) for start in range(len(tokens) - order + 1)}


def _distinct(texts: Sequence[Sequence[str]], order: int) -> float:
    different: set[Ngram] = set()
    for tokens in texts:
        different |= ngrams_of(tokens, order)
    num_tokens = sum(map(len, texts))
    return len(different) / num_tokens if num_tokens else 0.0

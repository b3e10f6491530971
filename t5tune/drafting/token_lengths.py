"""Lengths in tokens, measured with the vocabulary of the model on some pairs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from t5tune.drafting.pair_survey import PairSurvey
from t5tune.recipe.sections.from_scratch_section import TokenizerSection

_MOST_LONG = 256  # tokens up to which the longest text decides
_SHARE_WITHIN = 0.995  # of the texts, where the longest ones are longer
_LEARNED_FROM = 2000  # pairs that a vocabulary is learned from to measure with
_SPARE = 1.1  # over what was measured, because other texts have other words


@dataclass(frozen=True)
class SideLengths:
    """Lengths of the texts of one side.

    Attributes:
        mean: Mean number of tokens.
        longest: Number of tokens of the longest text, measured or calculated from its characters.
        limit: Limit that suits them.
        share_over: Share of the texts over the limit.
        num_measured: Number of texts that were measured.
    """

    mean: float
    longest: int
    limit: int
    share_over: float
    num_measured: int

    @property
    def reason(self) -> str:
        """Sentence about the limit."""
        if self.longest <= self.limit:
            return f"tokens; the longest text has about {self.longest:,}"
        return (
            f"tokens; {100 * self.share_over:.1f} % of the texts are longer and are cut, the "
            f"longest has about {self.longest:,}"
        )


def measure_lengths(
    survey: PairSurvey, tokenizer: TokenizerSection | str, limits: tuple[int, int]
) -> tuple[SideLengths, SideLengths]:
    """Return the lengths of sources and targets.

    Args:
        survey: The pairs.
        tokenizer: How a vocabulary is learned, or the name of a model.
        limits: Greatest limits that suit the model.

    Raises:
        T5TuneError: The tokenizer cannot be loaded or learned.
    """
    from t5tune.console import track
    from t5tune.models.loading import load_tokenizer
    from t5tune.models.new_tokenizers import build_tokenizer

    pairs = survey.sample[:_LEARNED_FROM]
    with track("measuring the lengths in tokens"):
        if isinstance(tokenizer, str):
            encode = load_tokenizer(tokenizer)
        else:
            learned = [list(side) for side in zip(*survey.sample, strict=True)]
            encode = build_tokenizer(tokenizer, *learned)
        sides = []
        for number, texts in enumerate(zip(*pairs, strict=True)):
            counts = np.array([len(ids) for ids in encode(list(texts))["input_ids"]])
            lengths = (survey.source_lengths, survey.target_lengths)[number]
            sides.append(_summarize(texts, counts, lengths, limits[number]))
    return sides[0], sides[1]


def _summarize(
    texts: Sequence[str], counts: np.ndarray, characters: np.ndarray, most: int
) -> SideLengths:
    """Return the lengths of a side, of all texts by their characters."""
    rate = counts.sum() / max(1, sum(map(len, texts)))
    estimated = np.ceil(characters * rate)
    longest = max(int(counts.max()), math.ceil(_SPARE * float(estimated.max())))
    wanted = longest
    if longest > min(_MOST_LONG, most):
        wanted = math.ceil(_SPARE * max(
            float(np.quantile(counts, _SHARE_WITHIN)), float(np.quantile(estimated, _SHARE_WITHIN))
        ))  # fmt: skip
    limit = min(_round_up(wanted), most)
    over = float((estimated > limit).mean())
    return SideLengths(float(counts.mean()), longest, limit, over, len(texts))


def _round_up(length: int) -> int:
    step = 8 if length <= 64 else 32
    return max(16, -(-length // step) * step)

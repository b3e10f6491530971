"""Lengths in tokens, measured with the vocabulary of the model on some pairs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from t5tune.console import track
from t5tune.drafting.pair_survey import PairSurvey
from t5tune.recipe.sections.from_scratch_section import TokenizerSection

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_MOST_LONG = 256  # tokens up to which the longest text decides
_SHARE_WITHIN = 0.995  # of the texts, where the longest ones are longer
_NUM_MEASURED = 2000  # pairs
_DOING = "measuring the lengths in tokens"
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


def measure_new(
    survey: PairSurvey, section: TokenizerSection, limits: tuple[int, int]
) -> tuple[SideLengths, SideLengths]:
    """Return the lengths of sources and targets with a vocabulary that is learned from them.

    Args:
        survey: The pairs.
        section: How the vocabulary is learned.
        limits: Greatest limits of sources and targets.
    """
    from t5tune.models.new_tokenizers import build_tokenizer

    with track(_DOING):
        sides = [list(side) for side in zip(*survey.sample, strict=True)]
        return _measure(survey, build_tokenizer(section, *sides), "", limits)


def measure_pretrained(
    survey: PairSurvey,
    name: str,
    limits: tuple[int, int],
    task: str,
    languages: tuple[str | None, str | None],
) -> tuple[SideLengths, SideLengths]:
    """Return the lengths of sources, with the prefix of the task, and targets.

    Args:
        survey: The pairs.
        name: Model whose vocabulary it is.
        limits: Greatest limits of sources and targets.
        task: Task of the recipe.
        languages: Languages of source and target, if known.

    Raises:
        T5TuneError: Its configuration or its tokenizer cannot be loaded.
    """
    from t5tune.models.families import choose_prefix
    from t5tune.models.loading import load_config, load_tokenizer

    with track(_DOING):
        model_type, tokenizer = load_config(name).model_type, load_tokenizer(name)
        prefix = choose_prefix(model_type, tokenizer, task, *languages)
        return _measure(survey, tokenizer, prefix, limits)


def _measure(
    survey: PairSurvey, tokenizer: PreTrainedTokenizerBase, prefix: str, limits: tuple[int, int]
) -> tuple[SideLengths, SideLengths]:
    pairs = survey.sample[:_NUM_MEASURED]
    # What every source has more than its text: the prefix, but not the end, which counts anyway.
    num_more = len(tokenizer(prefix)["input_ids"]) - 1 if prefix else 0
    sides = []
    for texts, characters, limit, more in zip(
        zip(*pairs, strict=True),
        (survey.source_lengths, survey.target_lengths),
        limits,
        (num_more, 0),
        strict=True,
    ):
        counts = np.array([len(ids) for ids in tokenizer(list(texts))["input_ids"]])
        sides.append(_summarize(texts, counts, characters, limit, more))
    return sides[0], sides[1]


def _summarize(
    texts: Sequence[str], counts: np.ndarray, characters: np.ndarray, most: int, more: int
) -> SideLengths:
    """Return the lengths of a side, of all texts by their characters.

    Args:
        texts: Texts that were measured.
        counts: Their numbers of tokens.
        characters: Numbers of characters of all texts.
        most: Greatest limit.
        more: Number of tokens that each has more.
    """
    rate = counts.sum() / max(1, sum(map(len, texts)))
    estimated = np.ceil(characters * rate) + more
    counts = counts + more
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

"""Texts that repeat words or letters over and over, where the other side does not."""

from __future__ import annotations

import itertools
import re

from t5tune.data.cleaning.cleaning_rule import CleaningRule, Drops, RuleSetting
from t5tune.scoring.diagnosis.repetition import Repetition, count_repetition

# Scripts without spaces, in which a word is not to be found.
_IDEOGRAPHS = re.compile("[\u2e80-\u9fff\uf900-\ufaff]")
_FEWEST_COUPLES = 2  # of words that occurred before; fewer are no loop
_FEWEST_TOKENS = 4  # in excess of the other side: "very, very" is a figure of speech
_SHARE = 0.3  # of a text whose 4-grams recur later
_FEWEST_LETTERS = 10  # of "hahahahaha"


def _may_repeat(text: str) -> bool:
    """Return whether counting is worth the time: for most texts it is not."""
    words = text.lower().split()
    couples = list(itertools.pairwise(words))
    return (
        len(couples) - len(set(couples)) >= _FEWEST_COUPLES
        or any(2 * len(set(word)) <= len(word) for word in words if len(word) >= _FEWEST_LETTERS)
        or (not text.isascii() and _IDEOGRAPHS.search(text) is not None)
    )


def _drops(source: str, target: str) -> bool:
    if not (_may_repeat(source) or _may_repeat(target)):
        return False
    one, other = count_repetition(source), count_repetition(target)
    return _loops_beyond(one, other) or _loops_beyond(other, one)


def _loops_beyond(one: Repetition, other: Repetition) -> bool:
    return (
        one.at_once - other.at_once >= _FEWEST_TOKENS
        or one.letters - other.letters >= _FEWEST_LETTERS
        or one.anywhere - other.anywhere >= max(_FEWEST_TOKENS, _SHARE * one.num_tokens)
    )


def _build(_: RuleSetting) -> Drops:
    return _drops


RULE = CleaningRule("repeated_text", _build)

"""Loops: words that a decoder writes again and again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from t5tune.scoring.diagnosis.evidence import Evidence
from t5tune.scoring.diagnosis.sightings import Sightings

# A number is one token: 1.000.000 is not a loop. Ideographs and kana stand alone, because their
# scripts write no spaces between words.
_IDEOGRAPHS = "\u2e80-\u9fff\uf900-\ufaff"
_TOKENS = re.compile(rf"\d+(?:[.,]\d+)*|[{_IDEOGRAPHS}]|[^\W{_IDEOGRAPHS}]+|[^\w\s]")
_LETTERS_AGAIN = re.compile(r"([^\W\d_]{1,6}?)\1{4,}")

# Three extra words are the fewest that are not a figure of speech: "very, very", "step by step".
_MIN_EXCESS = 3
# n-grams that recur later are a fault in a long text only if they fill much of it.
_MIN_EXCESS_SHARE = 0.1
_LONGEST_PERIOD = 30
_MOST_TOKENS = 2000  # of a text; a loop shows long before, and the search takes periods x tokens


def find_loops(evidence: Evidence) -> Sightings:
    """Find hypotheses that repeat far more than their references and their source do."""
    clarity = {}
    for index, hypothesis in enumerate(evidence.hypotheses):
        counted = count_repetition(hypothesis)
        if not counted.excess_over(_NOTHING):
            continue  # most texts: the others, which may be long, need not be counted
        expected = map(count_repetition, evidence.expected_texts(index))
        excess = min(map(counted.excess_over, expected))
        if excess:
            clarity[index] = excess
    num_checked = sum(bool(hypothesis.strip()) for hypothesis in evidence.hypotheses)
    return Sightings(num_checked, clarity)


def split_tokens(text: str) -> list[str]:
    """Return words and single punctuation marks, lower-cased."""
    return _TOKENS.findall(text.lower())[:_MOST_TOKENS]


def count_repeated_tokens(tokens: Sequence[str]) -> int:
    """Count the tokens of the longest immediate repetition: `a b a b a b` has 4."""
    most = 0
    for period in range(1, min(len(tokens) // 2, _LONGEST_PERIOD) + 1):
        run = 0
        for position in range(period, len(tokens)):
            run = run + 1 if tokens[position] == tokens[position - period] else 0
            if run >= period and run > most:
                most = max(most, run // period * period)
    return most


def count_repeated_ngrams(tokens: Sequence[str], order: int = 4) -> int:
    """Count n-grams that occurred earlier, anywhere in the text."""
    ngrams = list(zip(*(tokens[start:] for start in range(order)), strict=False))
    return len(ngrams) - len(set(ngrams))


@dataclass(frozen=True)
class Repetition:
    """Repetition in a text: immediate in tokens, anywhere in 4-grams, and in letters."""

    num_tokens: int
    at_once: int
    anywhere: int
    letters: int

    def excess_over(self, other: Repetition) -> float:
        """Return the number of tokens in excess of the other text; 0 if it is small."""
        at_once = self.at_once - other.at_once
        anywhere = self.anywhere - other.anywhere
        found = [float(at_once)] if at_once >= _MIN_EXCESS else []
        if anywhere >= max(_MIN_EXCESS, _MIN_EXCESS_SHARE * self.num_tokens):
            found.append(float(anywhere))
        if self.letters > other.letters:
            found.append((self.letters - other.letters) / 4)  # as many as a short word has
        return max(found, default=0.0)


_NOTHING = Repetition(0, 0, 0, 0)


def count_repetition(text: str) -> Repetition:
    """Count what a text repeats."""
    tokens = split_tokens(text)
    letters = max((len(match.group()) for match in _LETTERS_AGAIN.finditer(text)), default=0)
    if len(tokens) - len(set(tokens)) < _MIN_EXCESS:
        return Repetition(len(tokens), 0, 0, letters)
    return Repetition(
        len(tokens), count_repeated_tokens(tokens), count_repeated_ngrams(tokens), letters
    )

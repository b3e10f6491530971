"""Counterfactual swaps: words and their counterparts, exchanged on both sides."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from t5tune.data.noise.casing import keep_case

Pair = tuple[str, str]
_Entry = tuple[int, int]  # number of a line, and which of its two words


class Swap(NamedTuple):
    """A line of a table: two words of the source that are exchanged, and two of the target.

    Attributes:
        source: Words of the source; empty if the line is of the target only.
        target: Words of the target; empty if the line is of the source only.
    """

    source: Pair | None
    target: Pair | None


@dataclass(frozen=True)
class _Side:
    """The words of one side: the entries of each, and its counterparts there."""

    pattern: re.Pattern[str]
    entries: dict[str, dict[_Entry, str]]

    @classmethod
    def of(cls, pairs: Iterable[Pair | None]) -> _Side:
        entries: dict[str, dict[_Entry, str]] = {}
        for i, pair in enumerate(pairs):
            for j, word in enumerate(pair or ()):
                entries.setdefault(word.casefold(), {})[i, j] = (pair or ())[1 - j]
        words = sorted(entries, key=len, reverse=True)
        one_of = "|".join(map(re.escape, words)) or r"(?!)"
        return cls(re.compile(rf"(?<!\w)(?:{one_of})(?!\w)", re.IGNORECASE), entries)

    def find(self, text: str) -> dict[str, dict[_Entry, str]]:
        """Return the words of the table that a text has, as in `entries`."""
        words = (match.group().casefold() for match in self.pattern.finditer(text))
        return {word: self.entries[word] for word in words if word in self.entries}


class SwapTable:
    """Exchanges words with their counterparts, such as he and she.

    An example is changed only as a whole: for each word of it that the table has, the word of the
    other side that the same line gives for it must occur as well. Lines with one side ask for
    nothing.

    Args:
        swaps: Lines of the table. Where a word has several that fit, the first one counts.
    """

    def __init__(self, swaps: Sequence[Swap]) -> None:
        self._sides = (
            _Side.of(swap.source for swap in swaps),
            _Side.of(swap.target for swap in swaps),
        )
        self._of_one_side = {(i, j) for i, swap in enumerate(swaps) if None in swap for j in (0, 1)}

    def swap(self, texts: Sequence[str], draw: Random | None = None) -> list[str]:
        """Return a source and its targets with all words exchanged; unchanged where it cannot be.

        Args:
            texts: The source, and one target or more.
            draw: Not used: there is nothing to draw.
        """
        sides = [self._sides[min(i, 1)] for i in range(len(texts))]
        found = [side.find(text) for side, text in zip(sides, texts, strict=True)]
        here = [{one for entries in words.values() for one in entries} for words in found]
        everywhere = set.intersection(*here) | self._of_one_side
        chosen: list[dict[str, str]] = []
        for words in found:
            fitting = {
                word: [other for one, other in sorted(entries.items()) if one in everywhere]
                for word, entries in words.items()
            }
            if not all(fitting.values()):
                return list(texts)
            chosen.append({word: others[0] for word, others in fitting.items()})
        return [
            side.pattern.sub(lambda match, new=new: _exchange(match, new), text)  # type: ignore[misc]
            for side, new, text in zip(sides, chosen, texts, strict=True)
        ]


def _exchange(match: re.Match[str], new: dict[str, str]) -> str:
    word = match.group()
    other = new.get(word.casefold())
    return word if other is None else keep_case(word, other)

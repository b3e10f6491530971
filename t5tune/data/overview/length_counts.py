"""How many texts have which length in tokens."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_MOST_BINS = 30
_TAIL = 0.005  # share of the texts that are so long that one bin has all of them


class LengthBin(NamedTuple):
    """Texts of similar length.

    Attributes:
        first: Smallest number of tokens.
        last: Largest one; None for the bin that has all longer texts.
        num_texts: Number of texts.
    """

    first: int
    last: int | None
    num_texts: int


@dataclass(frozen=True, eq=False)
class LengthCounts:
    """Lengths of texts, before any is cut.

    Attributes:
        counts: Number of texts of each length, from 0, shape (longest + 1,).
    """

    counts: NDArray[np.int64]

    @classmethod
    def of(cls, lengths: Iterable[NDArray[np.integer]]) -> LengthCounts:
        """Return the counts of some arrays of lengths."""
        arrays = [np.zeros(0, np.int64), *lengths]
        return cls(np.bincount(np.concatenate(arrays).astype(np.int64)))

    def __add__(self, other: LengthCounts) -> LengthCounts:
        most, fewer = sorted((self.counts, other.counts), key=len, reverse=True)
        return LengthCounts(most + np.pad(fewer, (0, len(most) - len(fewer))))

    @cached_property
    def num_texts(self) -> int:
        """Number of texts."""
        return int(self.counts.sum())

    @cached_property
    def num_tokens(self) -> int:
        """Number of tokens of all texts."""
        return int((self.counts * np.arange(len(self.counts))).sum())

    @property
    def longest(self) -> int:
        """Number of tokens of the longest text; 0 without texts."""
        return max(len(self.counts) - 1, 0)

    @property
    def mean(self) -> float:
        """Mean number of tokens."""
        return self.num_tokens / max(1, self.num_texts)

    def count_longer(self, limit: int) -> int:
        """Return the number of texts with more tokens than a limit."""
        return int(self.counts[limit + 1 :].sum())

    def count_cut_off(self, limit: int) -> int:
        """Return the number of tokens that a limit cuts off."""
        above = self.counts[limit + 1 :]
        return int((above * np.arange(1, len(above) + 1)).sum())

    def find_quantile(self, share: float) -> int:
        """Return the smallest length that at least this share of the texts does not exceed."""
        if not self.num_texts:
            return 0
        return int(np.searchsorted(np.cumsum(self.counts), share * self.num_texts - 1e-9))

    def bins(self, limit: int) -> list[LengthBin]:
        """Return bins of the same width, from 1 token; the last one is open and has the tail.

        They go beyond a limit that any text exceeds.
        """
        if not self.num_texts:
            return []
        end = max(self.find_quantile(1 - _TAIL), 1)
        if self.longest > limit:
            end = max(end, min(self.longest, math.ceil(1.2 * limit)))
        width = _round_up(end / _MOST_BINS)
        num = math.ceil(end / width)
        firsts = [1 + width * i for i in range(num)]
        found = [
            LengthBin(first, first + width - 1, int(self.counts[first : first + width].sum()))
            for first in firsts
        ]
        if self.counts[0]:
            found[0] = found[0]._replace(
                first=0, num_texts=found[0].num_texts + int(self.counts[0])
            )
        if num_beyond := self.count_longer(num * width):
            found.append(LengthBin(num * width + 1, None, num_beyond))
        return found


def _round_up(width: float) -> int:
    """Return the next whole number of the form 1, 2 or 5 times a power of ten."""
    power = int(10 ** math.floor(math.log10(max(width, 1))))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= width)

"""N-grams that training sources share with test sources, counted without a loop over words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

_MOST_BITS = 26  # of the filter: 64 MB
_BITS_OF_A_HASH = 64


END = 1  # id of the end of a source; those of words are greater, or 0 for unknown ones


class FlatWords:
    """The words of several sources, one after the other.

    Args:
        ids: Ids of the words; each source ends with `END`.

    Attributes:
        places: Place of the source that each id belongs to.
        starts: Index of the first id of each source.
    """

    def __init__(self, ids: Ints) -> None:
        self.ids = ids
        is_end = ids == END
        self._ends = np.flatnonzero(is_end)
        self.places = np.cumsum(is_end) - is_end
        self.starts = np.append(0, self._ends[:-1] + 1) if len(self._ends) else self._ends

    def words_of(self, place: int) -> list[int]:
        """Return the ids of the words of one source."""
        words: list[int] = self.ids[self.starts[place] : self._ends[place]].tolist()
        return words


class GramIndex:
    """The n-grams of test sources.

    An n-gram is known by a hash of 64 bits: equal ones are always found, and with a billion
    training words and a million n-grams, the chance that any other one is found is 1 in 10,000.

    Args:
        flat: Words of all test sources, known ones.
        set_ends: Number after the last source of each test set; sets do not affect each other.
        length: Number of words of an n-gram.
        most_sources: Number of sources of a set beyond which an n-gram does not count.
        min_share: Least share of the n-grams of a test source.
        min_shared: Least number of them.
    """

    def __init__(
        self,
        flat: FlatWords,
        set_ends: Sequence[int],
        *,
        length: int,
        most_sources: int,
        min_share: float,
        min_shared: int,
    ) -> None:
        self._min_shared = min_shared
        generator = np.random.default_rng(length)
        self._factors = generator.integers(1, 2**63, length, dtype=np.uint64) * 2 + 1
        self._min_shared = min_shared
        ends = np.append(0, np.cumsum(flat.ids == END))
        starts = np.flatnonzero(ends[length:] == ends[:-length])
        hashes, owners = _unique_pairs(self._hash(flat.ids)[starts], flat.places[starts])
        is_rare = _count_runs(hashes, np.searchsorted(set_ends, owners, "right")) <= most_sources
        hashes, owners = hashes[is_rare], owners[is_rare]
        self._num_sources = set_ends[-1]
        sizes = np.bincount(owners, minlength=self._num_sources)
        self._needed = np.maximum(min_shared, np.ceil(sizes * min_share))
        can_match = sizes[owners] >= min_shared
        self._owners = owners[can_match]
        self._hashes, first = np.unique(hashes[can_match], return_index=True)
        self._first = np.append(first, len(self._owners))
        num_bits = min(_MOST_BITS, max(16, (16 * len(self._hashes)).bit_length()))
        self._shift = np.uint64(_BITS_OF_A_HASH - num_bits)
        self._filter = np.zeros(2**num_bits, np.bool_)
        self._filter[self._hashes >> self._shift] = True

    def _hash(self, ids: Ints) -> NDArray[np.uint64]:
        """Return the hash of the n-gram at each id but the last ones."""
        num = max(0, len(ids) - len(self._factors) + 1)
        hashes = np.zeros(num, np.uint64)
        unsigned = ids.astype(np.uint64)
        for place, factor in enumerate(self._factors):
            hashes += unsigned[place : place + num] * factor
        return hashes

    def search(self, flat: FlatWords) -> Iterator[tuple[int, int]]:
        """Find test sources that share enough n-grams with one training source.

        Args:
            flat: Words of training sources.

        Yields:
            Place of the training source and number of the test source, by ascending places.
        """
        hashes = self._hash(flat.ids)
        at = np.flatnonzero(self._filter[hashes >> self._shift])
        grams = np.searchsorted(self._hashes, hashes[at])
        grams[grams == len(self._hashes)] = 0
        is_known = self._hashes[grams] == hashes[at]
        at, grams = at[is_known], grams[is_known]
        places = flat.places[at]
        has_enough = np.bincount(places)[places] >= self._min_shared
        keys = np.unique(places[has_enough] * len(self._hashes) + grams[has_enough])
        places, grams = np.divmod(keys, max(1, len(self._hashes)))
        num_owners = self._first[grams + 1] - self._first[grams]
        before = np.cumsum(num_owners) - num_owners
        entries = np.arange(num_owners.sum()) + np.repeat(self._first[grams] - before, num_owners)
        keys = np.repeat(places, num_owners) * self._num_sources + self._owners[entries]
        keys, counts = np.unique(keys, return_counts=True)
        places, numbers = np.divmod(keys, self._num_sources)
        is_enough = counts >= self._needed[numbers]
        return zip(places[is_enough].tolist(), numbers[is_enough].tolist(), strict=True)


def _unique_pairs(first: NDArray[Any], second: Ints) -> tuple[NDArray[Any], Ints]:
    """Return the different pairs of two arrays, in ascending order."""
    order = np.lexsort((second, first))
    first, second = first[order], second[order]
    is_new = np.ones(len(first), np.bool_)
    is_new[1:] = (first[1:] != first[:-1]) | (second[1:] != second[:-1])
    return first[is_new], second[is_new]


def _count_runs(first: NDArray[Any], second: Ints) -> Ints:
    """Return how often the same pair stands in a row, for each place of two arrays."""
    if not len(first):
        return np.zeros(0, np.int64)
    is_new = np.ones(len(first), np.bool_)
    is_new[1:] = (first[1:] != first[:-1]) | (second[1:] != second[:-1])
    lengths = np.diff(np.append(np.flatnonzero(is_new), len(first)))
    return np.repeat(lengths, lengths)

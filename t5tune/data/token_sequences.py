"""Token sequences in flat arrays, in memory or mapped from files; imports no torch."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

# Ids of tokens: unsigned 16 bits in a store whose vocabulary fits, else signed 32 bits.
Ids = NDArray[np.int32] | NDArray[np.uint16]
Lengths = NDArray[np.int64]


class TokenSequences:
    """Many token sequences in one array.

    Args:
        sequences: Token ids, one list per sequence.

    Attributes:
        lengths: Number of tokens of each sequence, shape (num_sequences,).
    """

    def __init__(self, sequences: Sequence[Sequence[int]]) -> None:
        self._hold(*flatten(sequences))

    @classmethod
    def from_arrays(cls, lengths: Lengths, ids: Ids) -> TokenSequences:
        """Return sequences with these attributes."""
        sequences = cls.__new__(cls)
        sequences._hold(lengths, ids)
        return sequences

    def _hold(self, lengths: Lengths, ids: Ids) -> None:
        self.lengths = lengths
        self._ids = ids
        self._offsets = np.concatenate([[0], np.cumsum(lengths)])

    @property
    def ids(self) -> Ids:
        """Ids of all tokens, shape (num_tokens,)."""
        return self._ids

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index: int) -> Ids:
        return self._ids[self._offsets[index] : self._offsets[index + 1]]


class JoinedSequences(TokenSequences):
    """The sequences of several sets, one set after another; their ids stay where they are.

    Args:
        sets: Sets of sequences.
    """

    def __init__(self, sets: Sequence[TokenSequences]) -> None:
        self.lengths = np.concatenate([one.lengths for one in sets])
        self._sets = sets
        self._starts = [0, *np.cumsum([len(one) for one in sets]).tolist()]

    @property
    def ids(self) -> Ids:
        return np.concatenate([one.ids.astype(np.int32) for one in self._sets])

    def __getitem__(self, index: int) -> Ids:
        number = bisect_right(self._starts, index) - 1
        return self._sets[number][index - self._starts[number]]


def flatten(sequences: Sequence[Sequence[int]]) -> tuple[Lengths, NDArray[np.int32]]:
    """Return the lengths of sequences, shape (num_sequences,), and all ids, shape (num_tokens,)."""
    lengths = np.fromiter(map(len, sequences), dtype=np.int64, count=len(sequences))
    every: Iterable[int] = chain.from_iterable(sequences)
    return lengths, np.fromiter(every, dtype=np.int32, count=int(lengths.sum()))

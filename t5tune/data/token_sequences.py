"""Token sequences in flat arrays; imports no torch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int32]


class TokenSequences:
    """Many token sequences in one array.

    Args:
        sequences: Token ids, one list per sequence.

    Attributes:
        lengths: Number of tokens of each sequence, shape (num_sequences,).
        ids: Ids of all tokens, shape (num_tokens,).
    """

    def __init__(self, sequences: Sequence[Sequence[int]]) -> None:
        lengths = np.fromiter((len(s) for s in sequences), dtype=np.int64, count=len(sequences))
        ids = np.fromiter(
            (i for s in sequences for i in s), dtype=np.int32, count=int(lengths.sum())
        )
        self._hold(lengths, ids)

    @classmethod
    def from_arrays(cls, lengths: NDArray[np.int64], ids: Ids) -> TokenSequences:
        """Return sequences with these attributes."""
        sequences = cls.__new__(cls)
        sequences._hold(lengths, ids)
        return sequences

    def _hold(self, lengths: NDArray[np.int64], ids: Ids) -> None:
        self.lengths = lengths
        self.ids = ids
        self._offsets = np.concatenate([[0], np.cumsum(lengths)])

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index: int) -> Ids:
        return self.ids[self._offsets[index] : self._offsets[index + 1]]

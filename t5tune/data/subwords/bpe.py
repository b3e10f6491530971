"""Byte-pair encoding in which merges are left out by chance (Provilkov et al. 2020)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from random import Random

# Returns the rank of the merge of two pieces (0 comes first), or None if they do not merge.
Rank = Callable[[str, str], float | None]


class BpeDropout:
    """Draws segmentations.

    Args:
        rank: Ranks of the merges.
        vocabulary: Pieces that have an id.
        dropout: Probability with which a merge is left out at each step.
    """

    def __init__(self, rank: Rank, vocabulary: Collection[str], dropout: float) -> None:
        self._rank = rank
        self._vocabulary = vocabulary
        self._dropout = dropout

    def sample(self, word: str, draw: Random) -> list[str] | None:
        """Return the pieces of a word; None if the vocabulary does not have its characters."""
        pieces = list(word)
        if any(piece not in self._vocabulary for piece in pieces):
            return None
        while True:
            merges = [
                (rank, i)
                for i in range(len(pieces) - 1)
                if (rank := self._rank(pieces[i], pieces[i + 1])) is not None
                and draw.random() >= self._dropout
            ]
            if not merges:
                return pieces
            _, i = min(merges)
            pieces[i : i + 2] = [pieces[i] + pieces[i + 1]]

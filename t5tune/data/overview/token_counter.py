"""Counts the tokens of pairs as training encodes them, chunk by chunk, in any process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from t5tune.data.overview.lost_characters import UnknownParts
from t5tune.data.token_sequences import TokenSequences

if TYPE_CHECKING:
    from t5tune.data.augmentation.rounds import Rounds
    from t5tune.data.pair_encoding import EncodedSide, PairEncoder
    from t5tune.data.pairs import NumberedPairs


class CountedSide(NamedTuple):
    """One side of some pairs.

    Attributes:
        lengths: Number of tokens of each text, before it is cut, shape (num_texts,).
        unknown: Number of unknown tokens of each text, shape (num_texts,).
        num_cut: Number of texts that were cut.
        unknown_parts: How often the unknown characters or words occur.
        characters: How often each character occurs.
    """

    lengths: NDArray[np.int32]
    unknown: NDArray[np.int32]
    num_cut: int
    unknown_parts: Counter[str]
    characters: Counter[str]


@dataclass
class SideCounts:
    """One side of all pairs that were looked at: the sums of `CountedSide`, and all lengths."""

    lengths: list[NDArray[np.int32]] = field(default_factory=list)
    num_cut: int = 0
    num_unknown: int = 0
    num_with_unknown: int = 0
    unknown_parts: Counter[str] = field(default_factory=Counter)
    characters: Counter[str] = field(default_factory=Counter)

    def add(self, side: CountedSide) -> None:
        """Count the next texts."""
        self.lengths.append(side.lengths)
        self.num_cut += side.num_cut
        self.num_unknown += int(side.unknown.sum())
        self.num_with_unknown += int(np.count_nonzero(side.unknown))
        self.unknown_parts.update(side.unknown_parts)
        self.characters.update(side.characters)


class TokenCounter:
    """Counts tokens.

    Args:
        encode: Encoder of the pairs.
        prefix: Text that it puts before every source.
        parts: Finds what is unknown.
        rounds: What makes examples of plain text; other augmentation is left out.

    Attributes:
        limits: Number of tokens to which training cuts sources and targets.
        prefix: As given.
    """

    def __init__(
        self, encode: PairEncoder, prefix: str, parts: UnknownParts, rounds: Rounds
    ) -> None:
        self.limits = encode.limits
        self.prefix = prefix
        self._encode = encode
        self._parts = parts
        self._rounds = rounds

    def encode(self, chunk: NumberedPairs) -> tuple[EncodedSide, EncodedSide]:
        """Return the tokens of sources and targets as training sees them."""
        if self._rounds.denoiser is not None:
            return self._rounds.encode(self._encode, chunk, 0).sides
        return self._encode.encode_pairs(chunk.pairs)

    def count(self, chunk: NumberedPairs) -> tuple[CountedSide, CountedSide]:
        """Return the counts of sources and targets, before they are cut if they are texts."""
        rows: Sequence[list[list[int]]] = [[], []]
        num_cut = [0, 0]
        if not chunk.pairs.sources:
            pass
        elif self._rounds.denoiser is not None:
            sides = self.encode(chunk)
            sequences = [TokenSequences.from_arrays(one.lengths, one.ids) for one in sides]
            rows = [[one[i].tolist() for i in range(len(one))] for one in sequences]
            num_cut = [side.num_truncated for side in sides]
        else:
            rows = self._encode.tokenize(chunk.pairs)
            num_cut = [
                sum(len(ids) > limit for ids in of_side)
                for of_side, limit in zip(rows, self.limits, strict=True)
            ]
        return (
            self._count(chunk.pairs.sources, rows[0], num_cut[0], as_target=False),
            self._count(chunk.pairs.targets, rows[1], num_cut[1], as_target=True),
        )

    def _count(
        self, texts: Sequence[str], rows: Sequence[list[int]], num_cut: int, *, as_target: bool
    ) -> CountedSide:
        lengths = np.fromiter(map(len, rows), np.int32, len(rows))
        unknown = np.zeros(len(rows), np.int32)
        found: Counter[str] = Counter()
        if self._parts.unknown_id is not None:
            counts = (ids.count(self._parts.unknown_id) for ids in rows)
            unknown = np.fromiter(counts, np.int32, len(rows))
            # Examples that are parts of texts have no texts of their own.
            places = np.flatnonzero(unknown).tolist() if len(rows) == len(texts) else ()
            prefix = "" if as_target else self.prefix
            found = self._parts.find([prefix + texts[i] for i in places], as_target=as_target)
        return CountedSide(lengths, unknown, num_cut, found, Counter("".join(texts)))

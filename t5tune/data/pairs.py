"""Training pairs in chunks: cleaned, and counted."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

NUM_FOLLOWING = 8  # pairs behind an example that it may be joined with


class Pairs(NamedTuple):
    """Some training pairs.

    Attributes:
        sources: Texts without the prefix.
        targets: Their targets.
    """

    sources: list[str]
    targets: list[str]


class NumberedPairs(NamedTuple):
    """Pairs with their place in the data.

    Attributes:
        first: Number of the first one, from 0.
        pairs: The pairs.
        following: The next ones in the data, NUM_FOLLOWING unless it ends before.
    """

    first: int
    pairs: Pairs
    following: Pairs = Pairs([], [])


def number_pairs(chunks: Iterable[Pairs]) -> Iterator[NumberedPairs]:
    """Yield each chunk with the number of its first pair and the pairs behind it."""
    first = 0
    waiting: deque[Pairs] = deque()
    for chunk in chunks:
        waiting.append(chunk)
        while sum(len(one.sources) for one in islice(waiting, 1, None)) >= NUM_FOLLOWING:
            yield _take_first(waiting, first)
            first += len(waiting.popleft().sources)
    while waiting:
        yield _take_first(waiting, first)
        first += len(waiting.popleft().sources)


def _take_first(waiting: Iterable[Pairs], first: int) -> NumberedPairs:
    pairs, *others = waiting
    sides = ([text for one in others for text in one[side]] for side in (0, 1))
    return NumberedPairs(first, pairs, Pairs(*(side[:NUM_FOLLOWING] for side in sides)))


def is_usable(source: str, target: str) -> bool:
    """Return whether neither side of a pair is blank, which teaches the model to be silent."""
    return bool(source.strip() and target.strip())


@dataclass
class Cleaning:
    """Leaves out pairs that are not usable, and counts them.

    Validation and test data are never cleaned: a score counts every example.

    Attributes:
        num_read: Number of pairs so far.
        num_blank: Number of those that were left out.
    """

    num_read: int = 0
    num_blank: int = 0

    def clean(self, chunks: Iterable[Pairs]) -> Iterator[Pairs]:
        """Yield the other pairs of each chunk."""
        for sources, targets in chunks:
            kept = [
                (source, target)
                for source, target in zip(sources, targets, strict=True)
                if is_usable(source, target)
            ]
            self.num_read += len(sources)
            self.num_blank += len(sources) - len(kept)
            if len(kept) == len(sources):
                yield Pairs(sources, targets)
            elif kept:
                yield Pairs([source for source, _ in kept], [target for _, target in kept])

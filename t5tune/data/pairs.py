"""Training pairs in chunks: cleaned, and counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple


class Pairs(NamedTuple):
    """Some training pairs.

    Attributes:
        sources: Texts without the prefix.
        targets: Their targets.
    """

    sources: list[str]
    targets: list[str]


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

"""The rows of a data set that each epoch uses: all of them, or a mixture of its parts."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]
Lengths = NDArray[Any]  # of any integers

_STRATA = 64  # groups of similar length; each epoch has its share of each
_PASS = 1  # tells the draws of passes from those of epochs, whose seeds are shorter


class EpochRows:
    """All examples once an epoch; the epochs use the rounds in turn.

    Args:
        num_examples: Number of examples of a round, and of an epoch.
        num_rounds: Number of variants of the examples, which follow each other.

    Attributes:
        num_examples: Number of rows of an epoch.
        period: Number of epochs after which the same rows are used again.
        is_periodic: Whether they are.
    """

    is_periodic = True

    def __init__(self, num_examples: int, num_rounds: int = 1) -> None:
        self.num_examples = num_examples
        self.period = num_rounds

    def find(self, epoch: int) -> Indices | slice:
        """Return the rows of an epoch, shape (num_examples,)."""
        start = epoch % self.period * self.num_examples
        return slice(start, start + self.num_examples)

    def take(self, epoch: int, order: Indices) -> Indices:
        """Return the rows at these places of an epoch."""
        rows = self.find(epoch)
        if isinstance(rows, slice):
            return order + rows.start if rows.start else order
        return rows[order]


@dataclass(frozen=True)
class MixedPart:
    """One part of a mixture.

    Attributes:
        first: Row of its first example.
        num_examples: Number of its examples in a round.
        count: Number of examples of an epoch.
    """

    first: int
    num_examples: int
    count: int


class MixedRows(EpochRows):
    """A number of examples of each part in each epoch.

    The epochs divide up the passes over a part: no example is used for the (n+1)-th time before
    each is used n times. A pass uses the next round. Where an epoch has a part of a pass, it is
    like the whole in its lengths, so that epochs have about the same number of tokens.

    Args:
        parts: Parts that are used.
        lengths: Number of tokens of each example, both sides together, shape (num_rows,).
        seed: Seed of the passes.
        num_rounds: Number of variants of the examples of a part, which follow each other.
    """

    is_periodic = False

    def __init__(
        self, parts: Sequence[MixedPart], lengths: Lengths, seed: int, num_rounds: int = 1
    ) -> None:
        super().__init__(sum(part.count for part in parts))
        self.parts = parts
        self.period = sys.maxsize
        self._lengths = lengths
        self._seed = seed
        self._num_rounds = num_rounds
        self._known: tuple[int, Indices] | None = None  # an epoch is asked for several times

    def find(self, epoch: int) -> Indices | slice:
        if self._known is None or self._known[0] != epoch:
            rows = [
                self._find_of_part(number, part, epoch) for number, part in enumerate(self.parts)
            ]
            self._known = epoch, np.concatenate(rows)
        return self._known[1]

    def _find_of_part(self, number: int, part: MixedPart, epoch: int) -> Indices:
        size, start, end = part.num_examples, epoch * part.count, (epoch + 1) * part.count
        found = []
        for turn in range(start // size, -(-end // size)):
            first, last = max(start - turn * size, 0), min(end - turn * size, size)
            rows = np.arange(size) if last - first == size else self._order(number, part, turn)
            found.append(rows[first:last] + part.first + turn % self._num_rounds * size)
        return np.concatenate(found) if found else np.zeros(0, np.int64)

    def _order(self, number: int, part: MixedPart, turn: int) -> Indices:
        """Return the order of a pass over a part, any piece of which has all lengths."""
        size = part.num_examples
        generator = np.random.default_rng([self._seed, number, turn, _PASS])
        lengths = self._lengths[part.first : part.first + size]
        by_length = np.argsort(lengths + generator.uniform(0, 1, size))
        strata = np.arange(size) * min(_STRATA, size) // size
        # A random order within each stratum, whose members are then spread evenly over the pass.
        shuffled = np.lexsort((generator.uniform(0, 1, size), strata))
        sizes = np.bincount(strata)
        starts = np.cumsum(sizes) - sizes
        ranks = np.arange(size) - starts[strata]
        places = (ranks + generator.uniform(0, 1, size)) / sizes[strata]
        order: Indices = by_length[shuffled][np.argsort(places)]
        return order


def count_examples(
    sizes: Sequence[int], weights: Sequence[float], most: Sequence[float]
) -> list[int]:
    """Return how many examples of each part an epoch has, which has as many as all parts together.

    The counts are as near to the shares as whole numbers can be (the method of the largest
    remainder). What a part must not have is divided among the others, by their weights.

    Args:
        sizes: Number of examples of each part.
        weights: Weight of each part, greater than 0.
        most: Greatest number of examples that an epoch may have of each part, at least its size.
    """
    counts = dict[int, int]()
    rest = sum(sizes)
    while len(counts) < len(sizes):
        others = [number for number in range(len(sizes)) if number not in counts]
        total = sum(weights[number] for number in others)
        exact = {number: rest * weights[number] / total for number in others}
        if full := [number for number in others if exact[number] > most[number]]:
            counts |= {number: int(most[number]) for number in full}
        else:
            whole = {number: int(exact[number]) for number in others}
            by_remainder = sorted(others, key=lambda number: whole[number] - exact[number])
            for number in by_remainder[: rest - sum(whole.values())]:
                whole[number] += 1
            return [(counts | whole)[number] for number in range(len(sizes))]
        rest = sum(sizes) - sum(counts.values())
    return [counts[number] for number in range(len(sizes))]

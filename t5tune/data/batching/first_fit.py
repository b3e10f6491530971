"""Packing of many pools of examples at once: first-fit decreasing, in two dimensions."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

Lengths = NDArray[np.int32]
Positions = NDArray[np.int64]

WINDOW = 8  # examples that are tried at once: as many as a word has bytes
ROUNDS_TOGETHER = 64  # rounds after which pools that are packed are left out
TABLE_ENTRIES = 1 << 24  # of the tables of first positions that are held at a time


def pack_pools(
    sources: Lengths, targets: Lengths, sizes: Positions, row_lengths: tuple[int, int]
) -> tuple[Positions, NDArray[np.bool_]]:
    """Pack each pool into rows: the longest examples first, each into the first row with room.

    Args:
        sources: Number of tokens of each source, shape (num_pools, most_examples).
        targets: Number of tokens of each target, shape (num_pools, most_examples).
        sizes: Number of examples of each pool; the places that follow them hold zeros.
        row_lengths: Source and target positions of a row; no example is longer.

    Returns:
        Places of the examples row by row, counted through all pools, and which of them are the
        first of a row, both of shape (num_pools, most_examples). Places without examples stay at
        the end.
    """
    pools_together = max(1, TABLE_ENTRIES // (2 * sum(row_lengths)))
    places, is_first = np.empty(sources.shape, dtype=np.int64), np.ones(sources.shape, dtype=bool)
    for start in range(0, len(sources), pools_together):
        some = slice(start, start + pools_together)
        longest_first = _argsort_small(sum(row_lengths) - sources[some] - targets[some])
        rows = _FirstFit(
            np.take_along_axis(sources[some], longest_first, axis=1),
            np.take_along_axis(targets[some], longest_first, axis=1),
            sizes[some],
            row_lengths,
        ).find_rows()
        by_row = _argsort_small(rows)
        rows = np.take_along_axis(rows, by_row, axis=1)
        np.not_equal(rows[:, 1:], rows[:, :-1], out=is_first[some, 1:])
        places[some] = np.take_along_axis(longest_first, by_row, axis=1)
    places += np.arange(len(places))[:, None] * sources.shape[1]
    return places, is_first


def _argsort_small(numbers: NDArray[Any]) -> Positions:
    """Return the stable order along the second axis; NumPy is fastest with two bytes."""
    small = np.uint16 if numbers.max(initial=0) <= np.iinfo(np.uint16).max else np.uint32
    return np.argsort(numbers.astype(small), axis=1, kind="stable")


class _FirstFit:
    """First-fit of examples in order, in all pools at once.

    An example belongs to the first row with room for it. So the first row takes every example
    that still fits when its turn comes, the second row takes those of the rest, and so on: every
    pool fills one row after the other and searches the examples that are left for the next one
    that fits. Each round looks at WINDOW examples of every pool; pools do not wait for each other.

    Source and target stand in one word, each with a spare bit above it. Where the word of the
    room has these bits set, subtracting an example clears the bit of a side without room.
    """

    def __init__(
        self, sources: Lengths, targets: Lengths, sizes: Positions, row_lengths: tuple[int, int]
    ) -> None:
        self.num_pools, self.most_examples = sources.shape
        word = np.uint32 if max(row_lengths) < 1 << 15 else np.uint64
        self.bits = np.iinfo(word).bits // 2
        self.spare_bits = word((1 << (self.bits - 1)) | (1 << (2 * self.bits - 1)))
        self.taken = ~self.spare_bits  # a word that fits nowhere
        self.empty_row = word((row_lengths[0] << self.bits) | row_lengths[1])
        # Zeros, which always fit, follow the examples of a pool: there its search ends.
        width = self.most_examples + WINDOW
        words = np.zeros((self.num_pools, width), dtype=word)
        words[:, : self.most_examples] = sources
        words <<= self.bits
        words[:, : self.most_examples] |= targets.astype(word)
        self.words = np.append(words.reshape(-1), np.zeros(1, dtype=word))
        self.begin = np.arange(self.num_pools) * width
        self.end = self.begin + sizes
        self.tables = [
            self._find_first(lengths, longest)
            for lengths, longest in (
                (sources, row_lengths[0]),
                (targets, row_lengths[1]),
                (sources + targets, sum(row_lengths)),
            )
        ]

    def _find_first(self, lengths: Lengths, longest: int) -> NDArray[np.int64]:
        """Return where the first example with at most 0, 1, … `longest` tokens is in each pool."""
        table = np.repeat(self.end[:, None], longest + 1, axis=1)
        for pool, pool_lengths, begin, end in zip(
            table, lengths, self.begin.tolist(), self.end.tolist(), strict=True
        ):
            # The first of several is written last.
            pool[pool_lengths[: end - begin][::-1]] = np.arange(end - 1, begin - 1, -1)
        return np.minimum.accumulate(table, axis=1)

    def find_rows(self) -> NDArray[np.int32]:
        """Return the row of each example in its pool, shape (num_pools, most_examples).

        Places without examples have a higher number than any row.
        """
        rows = np.full(len(self.words), self.most_examples, dtype=np.int32)
        windows = np.lib.stride_tricks.sliding_window_view(self.words[:-1], WINDOW)
        nowhere = len(rows) - 1  # the place for what is not to be kept
        position, head, end = self.begin, self.begin, self.end  # head: a row's search begins there
        room = np.full(self.num_pools, self.empty_row)
        row = np.zeros(self.num_pools, dtype=np.int32)
        pool = np.arange(self.num_pools)
        for num_rounds in itertools.count(1):
            with_spare = (room | self.spare_bits)[:, None]
            fits = (with_spare - windows[position]) & self.spare_bits == self.spare_bits
            steps = _count_before_first(fits)
            position = position + steps
            is_end = (steps < WINDOW) & (position == end)
            is_placed = (steps < WINDOW) & ~is_end
            is_empty = room == self.empty_row
            at = np.where(is_placed, position, nowhere)
            room = room - np.where(is_placed, self.words[at], 0)
            rows[at] = row
            self.words[at] = self.taken
            head = np.where(is_placed & is_empty, position + 1, head)
            is_over = is_end & is_empty  # stays at the end
            is_full = is_end & ~is_empty
            row = row + is_full
            room = np.where(is_full, self.empty_row, room)
            position = np.where(is_full, head, position + is_placed)
            position = np.maximum(position, self._find_earliest(pool, room))
            if num_rounds % ROUNDS_TOGETHER == 0 and is_over.any():
                pool, position, head, end, room, row = (
                    state[~is_over] for state in (pool, position, head, end, room, row)
                )
                if len(pool) == 0:
                    break
        return rows[:-1].reshape(self.num_pools, -1)[:, : self.most_examples]

    def _find_earliest(self, pool: Positions, room: NDArray[Any]) -> Positions:
        """Return where the first example may be that fits into the room of a pool's row."""
        source = room >> self.bits
        target = room & (self.taken >> self.bits)
        by_source, by_target, by_both = self.tables
        earliest: Positions = np.maximum(by_source[pool, source], by_target[pool, target])
        np.maximum(earliest, by_both[pool, source + target], out=earliest)
        return earliest


def _count_before_first(fits: NDArray[np.bool_]) -> NDArray[Any]:
    """Return the number of False before the first True of each row, shape (num_rows, WINDOW)."""
    word = fits.view(np.uint64).reshape(-1)
    lowest = word & (~word + np.uint64(1))
    return np.bitwise_count(lowest - np.uint64(1)) >> 3

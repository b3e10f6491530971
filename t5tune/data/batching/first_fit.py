"""Packing of many pools of examples at once: first-fit decreasing, in two dimensions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Lengths = NDArray[np.int32]
Positions = NDArray[np.int64]

WINDOW = 8  # examples that are tried at once: as many as a word has bytes
FEWEST_ROUNDS = 64  # before packed examples are dropped
TABLE_ENTRIES = 1 << 24  # of the tables of first positions that are held at a time


def pack_pools(
    sources: Lengths, targets: Lengths, sizes: Positions, row_lengths: tuple[int, int]
) -> tuple[Positions, NDArray[np.bool_]]:
    """Pack each pool into rows: the longest examples first, each into the first row with room.

    Args:
        sources: Number of tokens of each source, shape (num_pools, most_examples).
        targets: Number of tokens of each target, shape (num_pools, most_examples).
        sizes: Number of examples of each pool, at least one; the places after them hold zeros.
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
            sources[some].take(longest_first),
            targets[some].take(longest_first),
            sizes[some],
            row_lengths,
        ).find_rows()
        by_row = _argsort_small(rows)
        rows = rows.take(by_row)
        np.not_equal(rows[:, 1:], rows[:, :-1], out=is_first[some, 1:])
        np.add(longest_first.take(by_row), start * sources.shape[1], out=places[some])
    return places, is_first


def _argsort_small(numbers: NDArray[Any]) -> Positions:
    """Return the places of each row's numbers in stable order, counted through all rows.

    NumPy is fastest with two bytes.
    """
    small = np.uint16 if numbers.max(initial=0) <= np.iinfo(np.uint16).max else np.uint32
    order = np.argsort(numbers.astype(small), axis=1, kind="stable")
    order += np.arange(len(order))[:, None] * order.shape[1]
    return order


class _FirstFit:
    """First-fit of examples in order, in all pools at once.

    An example belongs to the first row with room for it. So the first row takes every example
    that still fits when its turn comes, the second row takes those of the rest, and so on: every
    pool fills one row after the other and searches the examples that are left for the next one
    that fits. Each round looks at WINDOW examples of every pool; pools do not wait for each other.
    From time to time the examples that have a row are dropped, so that searches stay short.

    Source and target stand in one word, each with a spare bit above it. Where the word of the
    room has these bits set, subtracting an example clears the bit of a side without room.
    """

    def __init__(
        self, sources: Lengths, targets: Lengths, sizes: Positions, row_lengths: tuple[int, int]
    ) -> None:
        self.row_lengths = row_lengths
        # Once an example is taken, its source is the highest number, which fits nowhere, and its
        # target is the number of its row.
        highest = max(*row_lengths, sources.shape[1])
        word = np.int32 if highest < (1 << 15) - 1 else np.int64
        self.bits = np.iinfo(word).bits // 2
        self.spare_bits = word((1 << (self.bits - 1)) - (1 << (2 * self.bits - 1)))
        self.one_side = word((1 << (self.bits - 1)) - 1)
        self.taken = self.one_side << self.bits
        self.empty_row = word((row_lengths[0] << self.bits) | row_lengths[1])
        self.words: NDArray[Any] = sources.astype(word)
        self.words <<= self.bits
        self.words |= targets
        self.sizes = sizes
        # The row that each pool fills, and the room in it.
        self.row: NDArray[Any] = np.zeros(len(sizes), dtype=word)
        self.room: NDArray[Any] = np.full(len(sizes), self.empty_row)

    def find_rows(self) -> NDArray[np.int32]:
        """Return the row of each example in its pool, shape (num_pools, most_examples).

        Places without examples have a higher number than any row.
        """
        most_examples = self.words.shape[1]
        rows = np.full(self.words.shape, most_examples, dtype=np.int32)
        is_example = np.arange(most_examples) < self.sizes[:, None]
        places = np.flatnonzero(is_example)
        examples = self.words[is_example]  # those that are left, pool by pool
        while len(examples):
            examples = self._fill_rows(examples)
            is_left = examples < self.taken
            rows.reshape(-1)[places[~is_left]] = examples[~is_left] & self.one_side
            examples, places = examples[is_left], places[is_left]
            begin = np.cumsum(self.sizes) - self.sizes
            sizes = np.add.reduceat(is_left, begin, dtype=np.int64)
            goes_on = sizes > 0
            self.sizes, self.row, self.room = sizes[goes_on], self.row[goes_on], self.room[goes_on]
        return rows

    def _fill_rows(self, examples: NDArray[Any]) -> NDArray[Any]:
        """Do rounds and return the examples; those that now have a row are marked as taken."""
        num_pools, most = len(self.sizes), int(self.sizes.max())
        width = most + WINDOW
        is_example = np.arange(width) < self.sizes[:, None]
        # Zeros, which always fit, follow the examples of a pool: there its search ends.
        words = np.zeros(num_pools * width + 1, dtype=examples.dtype)
        pools = words[:-1].reshape(num_pools, width)
        pools[is_example] = examples
        # A window is one item: NumPy copies it several times as fast as eight.
        windows = np.lib.stride_tricks.sliding_window_view(words[:-1], WINDOW)
        windows = windows.view(f"V{WINDOW * words.itemsize}")[:, 0]
        nowhere = len(words) - 1  # the place for what is not to be kept
        begin = np.arange(num_pools) * width
        end = begin + self.sizes
        tables = [
            _Table(pools >> self.bits, self.row_lengths[0]),
            _Table(pools & self.one_side, self.row_lengths[1]),
            _Table((pools >> self.bits) + (pools & self.one_side), sum(self.row_lengths)),
        ]
        position = head = begin  # head: the search for a new row begins there
        room, row = self.room, self.row
        for _ in range(max(FEWEST_ROUNDS, most // 2)):
            source, target = room >> self.bits, room & self.one_side
            for table, length in zip(tables, (source, target, source + target), strict=True):
                position = np.maximum(position, table.find(length))
            is_full = position == end
            row = row + is_full
            room = np.where(is_full, self.empty_row, room)
            position = np.where(is_full, head, position)
            tried = windows[position].view(words.dtype).reshape(num_pools, WINDOW)
            with_spare = (room | self.spare_bits)[:, None]
            fits = (with_spare - tried) & self.spare_bits == self.spare_bits
            steps = _count_before_first(fits)
            position = position + steps
            is_placed = (steps < WINDOW) & (position < end)
            head = np.where(is_placed & (room == self.empty_row), position + 1, head)
            at = np.where(is_placed, position, nowhere)
            room = room - words[at]
            words[at] = self.taken | row
            words[nowhere] = 0
            position = position + is_placed
        self.room, self.row = room, row
        return pools[is_example]


class _Table:
    """Positions of the first example of each pool with at most 0, 1, … `longest` tokens.

    Args:
        lengths: Number of tokens of each example, with a zero at the end of each pool, shape
            (num_pools, width).
        longest: Number of tokens that may be asked for.
    """

    def __init__(self, lengths: NDArray[Any], longest: int) -> None:
        least = np.minimum.accumulate(lengths, axis=1)
        is_less = np.ones(lengths.shape, dtype=bool)
        np.less(least[:, 1:], least[:, :-1], out=is_less[:, 1:])
        first = np.flatnonzero(is_less)
        table = np.full((len(lengths), longest + 1), lengths.size)
        table[first // lengths.shape[1], least.reshape(-1)[first]] = first
        self._first: Positions = np.minimum.accumulate(table, axis=1).reshape(-1)
        self._begin = np.arange(len(lengths)) * (longest + 1)

    def find(self, lengths: NDArray[Any]) -> Positions:
        """Return the position of each pool's first example that is not longer."""
        found: Positions = self._first.take(self._begin + lengths)
        return found


def _count_before_first(fits: NDArray[np.bool_]) -> NDArray[Any]:
    """Return the number of False before the first True of each row, shape (num_rows, WINDOW)."""
    word = fits.view(np.uint64).reshape(-1)
    lowest = word & (~word + np.uint64(1))
    return np.bitwise_count(lowest - np.uint64(1)) >> 3

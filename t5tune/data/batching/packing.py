"""Packing: several examples in one row, so that hardly any position is padding.

Each row has a fixed number of source and of target positions, which also makes every batch of a
run the same shape. Segment numbers say which positions belong together; no example sees another
(`models/packed.py`). T5X packed in this way (Roberts et al. 2022).
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush

import numpy as np
import torch

from t5tune.data.batching.epoch_rows import EpochRows, Indices, Lengths
from t5tune.data.batching.first_fit import pack_pools
from t5tune.data.batching.formed_batches import FormedBatches, Sides
from t5tune.data.batching.plans import LazyList, Partition
from t5tune.data.encoding import IGNORED, Ids

POOL_EXAMPLES = 4096  # examples packed together; more fill rows better, fewer are mixed better
LARGEST_ROW = 512  # tokens on each side; attention costs the square of a row's length

Row = Indices


def choose_row_lengths(source_lengths: Lengths, target_lengths: Lengths) -> tuple[int, int]:
    """Choose source and target positions of a row, which holds the longest or several examples.

    Four examples of mean length fit, and so does the longest; the two sides are proportional to
    their means, so that both fill up together.
    """
    return (
        _row_length(source_lengths, source_lengths.mean()),
        _row_length(target_lengths, target_lengths.mean()),
    )


def _row_length(lengths: Lengths, mean: float) -> int:
    wanted = max(int(lengths.max()), min(round(4 * mean), LARGEST_ROW))
    return -(-wanted // 8) * 8  # matrix units work best with multiples of eight


class PackedBatches(FormedBatches):
    """Batches of rows, each row a list of examples that fit into it together.

    Longer examples are placed first, each into the first row with room on both sides
    (first-fit decreasing), among POOL_EXAMPLES random ones.

    Args:
        source_lengths: Number of tokens of each source, shape (num_rows,).
        target_lengths: Number of tokens of each target, shape (num_rows,).
        row_lengths: Source and target positions of a row; no example is longer.
        tokens_per_batch: Number of positions of a batch on both sides; at least one row.
        seed: Seed of the order.
        rows: Rows of each epoch; all if left out.
    """

    def __init__(
        self,
        source_lengths: Lengths,
        target_lengths: Lengths,
        row_lengths: tuple[int, int],
        tokens_per_batch: int,
        seed: int,
        rows: EpochRows | None = None,
    ) -> None:
        self.row_lengths = row_lengths
        self.rows_per_batch = max(1, tokens_per_batch // sum(row_lengths))
        super().__init__(source_lengths, target_lengths, tokens_per_batch, seed, rows)

    @property
    def most_parts(self) -> int:
        return self._num_batches * self.rows_per_batch

    def _choose_num_batches(self, num_parts: int) -> int:
        # As in TokenBudgetBatches: the number of batches must not vary with the shuffling.
        return min(-(-num_parts * 101 // (100 * self.rows_per_batch)) + 1, self.num_examples)

    def _arrange(self, formed: Partition, generator: np.random.Generator) -> Sequence[list[Row]]:
        """Return the batches of an epoch in random order, each a list of rows."""
        starts, ends = split_longest(formed.starts, formed.ends, self._num_batches)
        order = generator.permutation(len(starts))
        starts, ends = starts[order], ends[order]
        # Equal shares: no batch is nearly empty. The first ones have one row more.
        size, num_larger = divmod(len(order), self._num_batches)

        def build_batch(number: int) -> list[Row]:
            first = number * size + min(number, num_larger)
            rows = slice(first, first + size + (number < num_larger))
            bounds = zip(starts[rows].tolist(), ends[rows].tolist(), strict=True)
            return [formed.order[start:end] for start, end in bounds]

        return LazyList(self._num_batches, build_batch)

    def _form(self, generators: Sequence[np.random.Generator], lengths: Sides) -> list[Partition]:
        num_examples = self.num_examples
        orders = [generator.permutation(num_examples) for generator in generators]
        size = min(POOL_EXAMPLES, num_examples)
        pools_per_epoch = -(-num_examples // size)
        # The rows of all epochs together: one pool takes hardly less time than many.
        pools = [np.zeros((len(orders), pools_per_epoch * size), dtype=np.int32) for _ in lengths]
        for side, of_side in zip(pools, lengths, strict=True):
            for row, order in zip(side, orders, strict=True):
                row[:num_examples] = of_side[order]
        sources, targets = (side.reshape(-1, size) for side in pools)
        del pools
        sizes = np.full(len(sources), size)
        sizes[pools_per_epoch - 1 :: pools_per_epoch] -= pools_per_epoch * size - num_examples
        places, is_first = pack_pools(sources, targets, sizes, self.row_lengths)
        formed = []
        for number, order in enumerate(orders):
            epoch = slice(number * pools_per_epoch, (number + 1) * pools_per_epoch)
            # Places without examples are the last ones of the last pool.
            own = places[epoch].reshape(-1)[:num_examples] - epoch.start * size
            starts = np.flatnonzero(is_first[epoch].reshape(-1)[:num_examples])
            formed.append(Partition(order[own], starts))
        return formed


def split_longest(starts: Indices, ends: Indices, num_rows: int) -> tuple[Indices, Indices]:
    """Halve the longest row, the first of several, until there are so many.

    Halves are appended; what is left of the others keeps its order.
    """
    num_splits = num_rows - len(starts)
    if num_splits <= 0:
        return starts, ends
    lengths = ends - starts
    rows: dict[int, tuple[int, int]] = {}  # halves by their number
    candidates = np.argsort(-lengths, kind="stable")[:num_splits].tolist()
    heap = [(-int(lengths[row]), row) for row in candidates]  # in order: a heap already
    split = []
    for number in range(len(starts), len(starts) + 2 * num_splits, 2):
        _, row = heappop(heap)
        if row < len(starts):
            split.append(row)
            start, end = int(starts[row]), int(ends[row])
        else:
            start, end = rows.pop(row)
        middle = start + (end - start) // 2
        for half, bounds in enumerate(((start, middle), (middle, end)), start=number):
            rows[half] = bounds
            heappush(heap, (bounds[0] - bounds[1], half))
    halves = np.array(list(rows.values()), dtype=starts.dtype).T
    return (
        np.concatenate([np.delete(starts, split), halves[0]]),
        np.concatenate([np.delete(ends, split), halves[1]]),
    )


class PackedCollator:
    """Builds the tensors of a batch of rows.

    Args:
        pad_token_id: Id of the token that fills empty positions.
        decoder_start_token_id: Id of the token that the decoder reads before the first label of
            each example.
        row_lengths: Source and target positions of a row.
        rows_per_batch: Number of rows of every batch; missing ones are empty.
    """

    def __init__(
        self,
        pad_token_id: int,
        decoder_start_token_id: int,
        row_lengths: tuple[int, int],
        rows_per_batch: int,
    ) -> None:
        self.pad_token_id = pad_token_id
        self.decoder_start_token_id = decoder_start_token_id
        self.row_lengths = row_lengths
        self.rows_per_batch = rows_per_batch

    def __call__(self, rows: Sequence[Sequence[dict[str, Ids]]]) -> dict[str, torch.Tensor]:
        """Return tensors of shape (rows_per_batch, row length).

        input_ids, attention_mask and source_segments have the source's length, labels,
        decoder_input_ids and target_segments the target's. Segments count from 1 within a row;
        0 is padding.
        """
        source_shape = (self.rows_per_batch, self.row_lengths[0])
        target_shape = (self.rows_per_batch, self.row_lengths[1])
        input_ids = np.full(source_shape, self.pad_token_id, dtype=np.int64)
        labels = np.full(target_shape, IGNORED, dtype=np.int64)
        decoder_input_ids = np.full(target_shape, self.pad_token_id, dtype=np.int64)
        source_segments = np.zeros(source_shape, dtype=np.int64)
        target_segments = np.zeros(target_shape, dtype=np.int64)
        for r, row in enumerate(rows):
            source = target = 0
            for number, example in enumerate(row, start=1):
                source_end = source + len(example["input_ids"])
                target_end = target + len(example["labels"])
                input_ids[r, source:source_end] = example["input_ids"]
                source_segments[r, source:source_end] = number
                labels[r, target:target_end] = example["labels"]
                target_segments[r, target:target_end] = number
                decoder_input_ids[r, target] = self.decoder_start_token_id
                decoder_input_ids[r, target + 1 : target_end] = example["labels"][:-1]
                source, target = source_end, target_end
        tensors = {
            "input_ids": input_ids,
            "attention_mask": (source_segments > 0).astype(np.int64),
            "labels": labels,
            "decoder_input_ids": decoder_input_ids,
            "source_segments": source_segments,
            "target_segments": target_segments,
        }
        return {name: torch.from_numpy(array) for name, array in tensors.items()}

"""Packing: several examples in one row, so that hardly any position is padding.

Each row has a fixed number of source and of target positions, which also makes every batch of a
run the same shape. Segment numbers say which positions belong together; no example sees another
(`models/packed.py`). T5X packed in this way (Roberts et al. 2022).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from t5tune.data.batching.plans import BatchPlan, Indices, Lengths
from t5tune.data.encoding import IGNORED, Ids

POOL_EXAMPLES = 4096  # examples packed together; more fill rows better, fewer are mixed better
LARGEST_ROW = 512  # tokens on each side; attention costs the square of a row's length

Row = list[int]


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


class PackedBatches(BatchPlan):
    """Batches of rows, each row a list of examples that fit into it together.

    Longer examples are placed first, each into the first row with room on both sides
    (first-fit decreasing), among POOL_EXAMPLES random ones.

    Args:
        source_lengths: Number of tokens of each source, shape (num_examples,).
        target_lengths: Number of tokens of each target, shape (num_examples,).
        row_lengths: Source and target positions of a row; no example is longer.
        tokens_per_batch: Number of positions of a batch on both sides; at least one row.
        seed: Seed of the order.
    """

    def __init__(
        self,
        source_lengths: Lengths,
        target_lengths: Lengths,
        row_lengths: tuple[int, int],
        tokens_per_batch: int,
        seed: int,
    ) -> None:
        super().__init__(seed)
        self.source_lengths = source_lengths
        self.target_lengths = target_lengths
        self.row_lengths = row_lengths
        self.tokens_per_batch = tokens_per_batch
        self.rows_per_batch = max(1, tokens_per_batch // sum(row_lengths))
        # As in TokenBudgetBatches: the number of batches must not vary with the shuffling.
        rows = max(len(self._pack(np.random.default_rng([seed, epoch]))) for epoch in range(3))
        self._num_batches = min(
            -(-rows * 101 // (100 * self.rows_per_batch)) + 1, len(source_lengths)
        )

    def __len__(self) -> int:
        return self._num_batches

    # Batches of the other plans hold indices; these hold rows of indices.
    def plan_epoch(self, epoch: int) -> list[list[Row]]:  # type: ignore[override]
        """Return the rows of each batch of an epoch."""
        generator = self._generator(epoch)
        most = self._num_batches * self.rows_per_batch
        rows = self._form_few_enough(self._pack, generator, most)
        while len(rows) < self._num_batches:  # fewer rows than batches: tiny data
            longest = max(rows, key=len)
            rows.remove(longest)
            rows += [longest[: len(longest) // 2], longest[len(longest) // 2 :]]
        order = generator.permutation(len(rows))
        # Equal shares: no batch is nearly empty.
        return [[rows[i] for i in share] for share in np.array_split(order, self._num_batches)]

    def _pack(self, generator: np.random.Generator) -> list[Row]:
        order = generator.permutation(len(self.source_lengths))
        rows: list[Row] = []
        for start in range(0, len(order), POOL_EXAMPLES):
            rows += self._pack_pool(order[start : start + POOL_EXAMPLES])
        return rows

    def _pack_pool(self, pool: Indices) -> list[Row]:
        sources, targets = self.source_lengths[pool], self.target_lengths[pool]
        longest_first = np.argsort(-(sources + targets), kind="stable")
        room = np.tile(np.array(self.row_lengths), (len(pool), 1))
        rows: list[Row] = []
        for i in longest_first:
            # Row len(rows) is still empty, so there is always one.
            fits = (room[: len(rows) + 1] >= (sources[i], targets[i])).all(axis=1)
            row = int(fits.argmax())
            room[row] -= (sources[i], targets[i])
            if row == len(rows):
                rows.append([])
            rows[row].append(int(pool[i]))
        return rows


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

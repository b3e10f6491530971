"""Batch plans: the batches of every epoch, and those of a fixed size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar, overload

import numpy as np
import torch

from t5tune.data.batching.epoch_rows import EpochRows, Indices

T = TypeVar("T")


@dataclass(frozen=True)
class Partition:
    """Examples in an order that is cut into parts.

    Attributes:
        order: Indices of the examples, shape (num_examples,).
        starts: Positions in the order at which the parts begin, from 0, shape (num_parts,).
    """

    order: Indices
    starts: Indices

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def ends(self) -> Indices:
        """Positions in the order at which the parts end, shape (num_parts,)."""
        return np.append(self.starts[1:], len(self.order))

    def list_parts(self) -> list[Indices]:
        """Return the indices of the examples of each part."""
        bounds = [*self.starts.tolist(), len(self.order)]
        return [self.order[start:end] for start, end in pairwise(bounds)]


class LazyList(Sequence[T]):
    """A sequence whose items are built when they are asked for: an epoch has millions of rows."""

    def __init__(self, length: int, build: Callable[[int], T]) -> None:
        self._numbers = range(length)
        self._build = build

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        numbers = self._numbers[index]
        if isinstance(numbers, range):
            return [self._build(number) for number in numbers]
        return self._build(numbers)


class BatchPlan(torch.utils.data.Sampler[Any]):
    """A batch sampler whose every epoch has the same number of batches.

    The Trainer counts the batches of an epoch once, so the number must not vary with the
    shuffling. Each row that the epoch has appears exactly once, and epoch n is always the same
    list of batches.

    Args:
        seed: Seed of the order.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch of the next iteration."""
        self.epoch = epoch

    def plan_epoch(self, epoch: int) -> Sequence[Any]:
        """Return the indices of the examples of each batch of an epoch."""
        raise NotImplementedError

    @property
    def former(self) -> BatchPlan:
        """Plan that decides what a batch is."""
        return self

    def list_parts(self) -> Sequence[tuple[BatchPlan, int]]:
        """Return the plans that follow each other in an epoch, with their numbers of batches."""
        return [(self, len(self))]

    def __len__(self) -> int:
        """Return the number of batches of every epoch."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[Any]:
        yield from self.plan_epoch(self.epoch)

    def _generator(self, epoch: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, epoch])


class FixedSizeBatches(BatchPlan):
    """Random batches of a fixed number of examples; the last one of an epoch may be smaller.

    Args:
        num_examples: Number of all examples.
        batch_size: Number of examples of a batch.
        seed: Seed of the order.
        rows: Examples of each epoch; all if left out.
    """

    def __init__(
        self, num_examples: int, batch_size: int, seed: int, rows: EpochRows | None = None
    ) -> None:
        super().__init__(seed)
        self.rows = rows or EpochRows(num_examples)
        self.num_examples = self.rows.num_examples
        self.batch_size = batch_size

    def __len__(self) -> int:
        return -(-self.num_examples // self.batch_size)

    def plan_epoch(self, epoch: int) -> Sequence[Indices]:
        order = self.rows.take(epoch, self._generator(epoch).permutation(self.num_examples))
        size = self.batch_size
        return [order[start : start + size] for start in range(0, self.num_examples, size)]

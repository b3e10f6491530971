"""Batch plans: a token budget over examples of similar length, or a fixed size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

Lengths = NDArray[np.int64]
Indices = NDArray[np.int64]
T = TypeVar("T")

POOL_BATCHES = 12  # number of batches that are sorted together by source length, in large data
POOL_SHARE = 0.75  # factor of the square root of all batches, with the least padding in small data
MOST_ORDERS = 8  # orders of an epoch's examples that are tried until the batches are few enough


class BatchPlan(torch.utils.data.Sampler[list[int]]):
    """A batch sampler whose every epoch has the same number of batches.

    The Trainer counts the batches of an epoch once, so the number must not vary with the
    shuffling. Each example appears exactly once per epoch, and epoch n is always the same
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

    def plan_epoch(self, epoch: int) -> list[list[int]]:
        """Return the indices of the examples of each batch of an epoch."""
        raise NotImplementedError

    def __len__(self) -> int:
        """Return the number of batches of every epoch."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[list[int]]:
        yield from self.plan_epoch(self.epoch)

    def _generator(self, epoch: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, epoch])

    def _form_few_enough(
        self,
        form: Callable[[np.random.Generator], list[T]],
        generator: np.random.Generator,
        most: int,
    ) -> list[T]:
        """Return the batches of the first order of the examples with few enough of them.

        Other orders are rarely needed, and each costs a pass over the data, so there are only
        MOST_ORDERS of them. After these, the order of epoch 0 is used again, which has few enough.
        """
        for _ in range(MOST_ORDERS):
            formed = form(generator)
            if len(formed) <= most:
                return formed
        return form(self._generator(0))


class FixedSizeBatches(BatchPlan):
    """Random batches of a fixed number of examples; the last one of an epoch may be smaller."""

    def __init__(self, num_examples: int, batch_size: int, seed: int) -> None:
        super().__init__(seed)
        self.num_examples = num_examples
        self.batch_size = batch_size

    def __len__(self) -> int:
        return -(-self.num_examples // self.batch_size)

    def plan_epoch(self, epoch: int) -> list[list[int]]:
        order = self._generator(epoch).permutation(self.num_examples)
        size = self.batch_size
        return [order[i : i + size].tolist() for i in range(0, self.num_examples, size)]


class TokenBudgetBatches(BatchPlan):
    """Batches of similar lengths with at most `tokens_per_batch` tokens, padding included.

    A batch of n examples costs n x (longest source + longest target). An example that alone
    exceeds the budget forms a batch of its own.

    Args:
        source_lengths: Number of tokens of each source, shape (num_examples,).
        target_lengths: Number of tokens of each target, shape (num_examples,).
        tokens_per_batch: Token budget of a batch.
        seed: Seed of the order.
    """

    def __init__(
        self, source_lengths: Lengths, target_lengths: Lengths, tokens_per_batch: int, seed: int
    ) -> None:
        super().__init__(seed)
        self.source_lengths = source_lengths
        self.target_lengths = target_lengths
        self.tokens_per_batch = tokens_per_batch
        # Shuffling changes the count by a few batches: the slack absorbs that, and batches
        # are split until the count is met.
        typical = max(len(self._form_batches(np.random.default_rng([seed, e]))) for e in range(3))
        self._num_batches = min(typical + max(1, typical // 100), len(source_lengths))

    def __len__(self) -> int:
        return self._num_batches

    def plan_epoch(self, epoch: int) -> list[list[int]]:
        generator = self._generator(epoch)
        batches = self._form_few_enough(self._form_batches, generator, self._num_batches)
        batches.sort(key=len)
        while len(batches) < self._num_batches:
            largest = batches.pop()
            half = len(largest) // 2
            batches += [largest[:half], largest[half:]]
            batches.sort(key=len)
        order = generator.permutation(len(batches))
        return [batches[i].tolist() for i in order]

    def _form_batches(self, generator: np.random.Generator) -> list[Indices]:
        num_examples = len(self.source_lengths)
        # Lengths are integers: the fraction shuffles examples of equal length.
        target_key = self.target_lengths + generator.uniform(0, 1, num_examples)
        source_key = self.source_lengths + generator.uniform(0, 1, num_examples)
        by_target = np.argsort(target_key, kind="stable")
        batches: list[Indices] = []
        for pool in self._pools(by_target):
            ordered = pool[np.argsort(source_key[pool], kind="stable")]
            batches += self._cut(ordered)
        return batches

    def _pools(self, order: Indices) -> Iterator[Indices]:
        """Yield parts of the order with a dozen batches each, fewer in small data."""
        cost = np.cumsum((self.source_lengths + self.target_lengths)[order])
        num_batches = cost[-1] / self.tokens_per_batch
        pool_batches = min(POOL_BATCHES, max(1.0, round(POOL_SHARE * num_batches**0.5)))
        pool_of = cost // (pool_batches * self.tokens_per_batch)
        starts = np.flatnonzero(np.diff(pool_of)) + 1
        yield from np.split(order, starts)

    def _cut(self, ordered: Indices) -> list[Indices]:
        """Cut a part of the order into batches within the budget."""
        batches = []
        start, longest_source, longest_target = 0, 0, 0
        sources, targets = self.source_lengths[ordered], self.target_lengths[ordered]
        for i in range(len(ordered)):
            source, target = max(longest_source, sources[i]), max(longest_target, targets[i])
            if i > start and (i - start + 1) * (source + target) > self.tokens_per_batch:
                batches.append(ordered[start:i])
                start, source, target = i, sources[i], targets[i]
            longest_source, longest_target = source, target
        batches.append(ordered[start:])
        return batches

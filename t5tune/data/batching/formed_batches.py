"""Batches formed from the lengths of their examples: a token budget over similar ones."""

from __future__ import annotations

from abc import abstractmethod
from bisect import insort
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from t5tune.console import say
from t5tune.data.batching.epoch_rows import EpochRows, Indices, Lengths
from t5tune.data.batching.ordering import (
    SORTED_TOGETHER,
    find_batch_starts,
    find_groups,
    sort_within,
)
from t5tune.data.batching.plans import BatchPlan, Partition

POOL_BATCHES = 12  # number of batches that are sorted together by source length, in large data
POOL_SHARE = 0.75  # factor of the square root of all batches, with the least padding in small data
MOST_ORDERS = 8  # orders of an epoch's examples that are tried until the batches are few enough
# The number of batches of every epoch follows from the epochs that are formed at the start: three,
# because one order of few examples may be unlike the others. From this number of examples one is
# enough: with lengths like those of WMT14, six epochs of five million examples differed by 2 of
# 82,028 batches, and four of two million by 55 of 496,489 packed rows; the slack is one percent.
# An order with too many batches would not be used in any case.
LARGE = 2_000_000


class Sides(NamedTuple):
    """Lengths of the examples of an epoch.

    Attributes:
        sources: Number of tokens of each source, shape (num_examples,).
        targets: Number of tokens of each target, shape (num_examples,).
    """

    sources: Lengths
    targets: Lengths


class FormedBatches(BatchPlan):
    """Batches of parts that depend on lengths, so that their number varies with the shuffling.

    Args:
        source_lengths: Number of tokens of each source, shape (num_rows,).
        target_lengths: Number of tokens of each target, shape (num_rows,).
        tokens_per_batch: Token budget of a batch.
        seed: Seed of the order.
        rows: Rows of each epoch; all if left out.
    """

    def __init__(
        self,
        source_lengths: Lengths,
        target_lengths: Lengths,
        tokens_per_batch: int,
        seed: int,
        rows: EpochRows | None = None,
    ) -> None:
        super().__init__(seed)
        self.rows = rows or EpochRows(len(source_lengths))
        self.num_examples = self.rows.num_examples
        # Small integers: they are put in another order several times an epoch.
        self._sides = Sides(_shrink(source_lengths), _shrink(target_lengths))
        self.tokens_per_batch = tokens_per_batch
        num_epochs = 1 if self.num_examples >= LARGE else 3
        if self.rows.is_periodic:
            num_epochs = max(self.rows.period, num_epochs)
        # Epochs of the same rows are formed together.
        self._period = min(self.rows.period, num_epochs)
        generators = [self._generator(epoch) for epoch in range(num_epochs)]
        formed = [
            self._form(generators[number :: self._period], self._lengths_of(number))
            for number in range(self._period)
        ]
        sizes = [len(one) for of in formed for one in of]
        # Other rows make a little more difference than another order.
        reserve = 0 if self.rows.is_periodic else 2 * (max(sizes) - min(sizes))
        self._num_batches = self._choose_num_batches(max(sizes) + reserve)
        # Kept until another epoch is planned.
        order = self.rows.take(0, formed[0][0].order)
        first = Partition(order, formed[0][0].starts)
        self._first: Sequence[Any] | None = self._arrange(first, generators[0])

    def __len__(self) -> int:
        return self._num_batches

    def plan_epoch(self, epoch: int) -> Sequence[Any]:
        if epoch != 0:
            self._first = None
        if self._first is not None:
            return self._first
        generator = self._generator(epoch)
        used, formed = self._form_few_enough(generator, epoch)
        order = self.rows.take(used, formed.order)
        return self._arrange(Partition(order, formed.starts), generator)

    def _lengths_of(self, epoch: int) -> Sides:
        rows = self.rows.find(epoch)
        return Sides(*(lengths[rows] for lengths in self._sides))

    @property
    def most_parts(self) -> int:
        """Number of parts of which the batches of an epoch consist at most."""
        return self._num_batches

    @abstractmethod
    def _form(self, generators: Sequence[np.random.Generator], lengths: Sides) -> list[Partition]:
        """Form the parts of an epoch with each generator, of the same examples."""

    @abstractmethod
    def _choose_num_batches(self, num_parts: int) -> int:
        """Return the number of batches for an epoch of so many parts, with some slack."""

    @abstractmethod
    def _arrange(self, formed: Partition, generator: np.random.Generator) -> Sequence[Any]:
        """Return the batches of an epoch in random order."""

    def _form_few_enough(self, generator: np.random.Generator, epoch: int) -> tuple[int, Partition]:
        """Return the parts of the first order of an epoch's rows with few enough of them.

        Other orders are rarely needed, and each costs a pass over the data, so there are only
        MOST_ORDERS of them. After these, the order of an earlier epoch is used again, which has few
        enough: the first one of the same round. Of a mixture, these are other rows, which is said.

        Returns:
            The epoch whose rows they are, and the parts.
        """
        lengths = self._lengths_of(epoch)
        for _ in range(MOST_ORDERS):
            (formed,) = self._form([generator], lengths)
            if len(formed) <= self.most_parts:
                return epoch, formed
        first = epoch % self._period
        if not self.rows.is_periodic:
            say(
                f"mixture: epoch {epoch + 1} has the examples of epoch {first + 1} again; its own "
                f"do not fit into the {self._num_batches:,} batches of every epoch"
            )
        return first, self._form([self._generator(first)], self._lengths_of(first))[0]


class TokenBudgetBatches(FormedBatches):
    """Batches of similar lengths with at most `tokens_per_batch` tokens, padding included.

    A batch of n examples costs n x (longest source + longest target). An example that alone
    exceeds the budget forms a batch of its own. See `FormedBatches`.
    """

    def _form(self, generators: Sequence[np.random.Generator], lengths: Sides) -> list[Partition]:
        return [self._form_batches(generator, lengths) for generator in generators]

    def _choose_num_batches(self, num_parts: int) -> int:
        # Shuffling changes the count by a few batches: the slack absorbs that, and batches
        # are split until the count is met.
        return min(num_parts + max(1, num_parts // 100), self.num_examples)

    def _arrange(self, formed: Partition, generator: np.random.Generator) -> list[Indices]:
        batches = formed.list_parts()
        batches.sort(key=len)
        while len(batches) < self._num_batches:
            largest = batches.pop()
            half = len(largest) // 2
            insort(batches, largest[:half], key=len)
            insort(batches, largest[half:], key=len)
        return [batches[i] for i in generator.permutation(len(batches)).tolist()]

    def _form_batches(self, generator: np.random.Generator, lengths: Sides) -> Partition:
        num_examples = self.num_examples
        # Lengths are integers: the fraction shuffles examples of equal length.
        target_key = generator.uniform(0, 1, num_examples)
        target_key += lengths.targets
        source_key = generator.uniform(0, 1, num_examples)
        source_key += lengths.sources
        order = _order_by_target(target_key, lengths.targets)
        del target_key
        sources, targets = lengths.sources[order], lengths.targets[order]
        pools = self._find_pools(sources, targets)
        by_source = sort_within(source_key[order], pools)
        order, sources, targets = order[by_source], sources[by_source], targets[by_source]
        return Partition(order, find_batch_starts(sources, targets, pools, self.tokens_per_batch))

    def _find_pools(self, sources: Lengths, targets: Lengths) -> Indices:
        """Return the starts of parts with a dozen batches each, fewer in small data."""
        cost = np.cumsum(sources, dtype=np.int64)
        cost += np.cumsum(targets, dtype=np.int64)
        num_batches = cost[-1] / self.tokens_per_batch
        pool_batches = min(POOL_BATCHES, max(1, round(POOL_SHARE * num_batches**0.5)))
        cost //= pool_batches * self.tokens_per_batch
        return np.append(0, np.flatnonzero(cost[1:] != cost[:-1]) + 1)


def _order_by_target(key: NDArray[np.float64], target_lengths: Lengths) -> Indices:
    """Return the order of the keys, which are target lengths with a fraction added."""
    # Sorting small integers takes hardly any time, and makes parts that a cache can hold.
    by_length = np.argsort(target_lengths, kind="stable")
    lengths = target_lengths[by_length]
    starts = np.append(0, np.flatnonzero(lengths[1:] != lengths[:-1]) + 1)
    starts = starts[find_groups(starts, SORTED_TOGETHER)]
    return by_length[sort_within(key[by_length], starts)]


def _shrink(lengths: Lengths) -> Lengths:
    """Return lengths as the smallest integers that hold them, of two bytes or more.

    NumPy sorts integers of two bytes by their digits, without comparing them.
    """
    return lengths.astype(np.promote_types(np.min_scalar_type(lengths.max()), np.uint16))

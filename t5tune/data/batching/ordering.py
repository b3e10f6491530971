"""Orders of millions of examples, and where their batches begin, without a loop over examples."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.int64]

SORTED_TOGETHER = 1 << 15  # examples; their keys fit into a core's cache
CUT_TOGETHER = 1 << 19  # examples; a table of several of their longest targets is held at a time


def sort_within(keys: NDArray[np.float64], starts: Positions) -> Positions:
    """Return the positions of the keys in stable order within each part.

    Args:
        keys: Keys that hardly ever are equal, shape (num_keys,).
        starts: Positions at which the parts begin, from 0, shape (num_parts,).
    """
    order = np.empty(len(keys), dtype=np.int64)
    bounds = [*starts.tolist(), len(keys)]
    for start, end in pairwise(bounds):
        part = keys[start:end]
        by_key = np.argsort(part)  # several times as fast as a stable one
        ordered = part[by_key]
        if (ordered[1:] == ordered[:-1]).any():
            by_key = np.argsort(part, kind="stable")
        np.add(by_key, start, out=order[start:end])
    return order


def find_groups(starts: Positions, size: int) -> Positions:
    """Return the numbers of the parts with which groups of parts of about this size begin."""
    return np.flatnonzero(np.diff(starts // size, prepend=-1))


def find_batch_starts(
    sources: NDArray[Any], targets: NDArray[Any], pools: Positions, budget: int
) -> Positions:
    """Return the positions at which batches within a token budget begin, none across two pools.

    A batch of n examples costs n x (longest source + longest target); every batch takes as many
    examples as it can, and at least one.

    Args:
        sources: Number of tokens of the sources, ascending within a pool, shape (num_examples,).
        targets: Number of tokens of the targets, shape (num_examples,).
        pools: Positions at which the pools begin, from 0, shape (num_pools,).
        budget: Number of source and target tokens, with padding.
    """
    # As many pools at a time as begin within so many examples.
    groups = find_groups(pools, CUT_TOGETHER)
    ends = np.append(pools[groups[1:]], len(sources))
    found = [
        start + _cut_pools(sources[start:end], targets[start:end], group - start, budget)
        for group, start, end in zip(np.split(pools, groups[1:]), pools[groups], ends, strict=True)
    ]
    return np.concatenate(found)


def _cut_pools(
    sources: NDArray[Any], targets: NDArray[Any], pools: Positions, budget: int
) -> Positions:
    """Find the next batch of every pool at once, until no pool has another one.

    The cost of a batch grows with every example, so that the number of its examples is found
    binary digit by digit.
    """
    last = len(sources) - 1
    begin, limit = pools, np.append(pools[1:], len(sources))
    longest_targets = _find_longest(targets, int((limit - begin).max()))
    found = [begin]
    while len(begin):
        end = begin
        longest = np.zeros(len(begin), dtype=np.int64)
        for digit in reversed(range(len(longest_targets))):
            more = end + (1 << digit)
            target = np.maximum(longest, longest_targets[digit][np.minimum(end, last)])
            # Sources ascend: the last one is the longest.
            cost = (more - begin) * (sources[np.minimum(more, limit) - 1] + target)
            fits = (more <= limit) & (cost <= budget)
            end, longest = np.where(fits, more, end), np.where(fits, target, longest)
        end = np.maximum(end, begin + 1)  # an example over the budget is a batch
        goes_on = end < limit
        begin, limit = end[goes_on], limit[goes_on]
        found.append(begin)
    return np.sort(np.concatenate(found))


def _find_longest(lengths: NDArray[Any], most: int) -> list[NDArray[Any]]:
    """Return the longest of 1, 2, 4, … lengths from each position on, up to `most` lengths."""
    longest = [lengths]
    for digit in range(most.bit_length() - 1):
        shorter = longest[-1]
        twice = shorter.copy()  # at the end, where fewer are left, of these
        np.maximum(shorter[: -1 << digit], shorter[1 << digit :], out=twice[: -1 << digit])
        longest.append(twice)
    return longest

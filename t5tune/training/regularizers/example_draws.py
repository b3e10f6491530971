"""Random numbers that belong to an example and a step, whatever batch and process it is in.

A generator would hand its numbers out in the order of the examples, which the number of processes
changes. Here each number is a hash of the seed, the step, the tokens of its row and its position,
so that there is no state to save either.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def draw(
    ids: NDArray[np.int64], is_real: NDArray[np.bool_], purpose: str, seed: int, step: int
) -> NDArray[np.float64]:
    """Return a number from 0 to 1 for each position, shape (num_rows, length).

    Args:
        ids: Token ids, shape (num_rows, length).
        is_real: Where these are not padding, which has no part in the numbers.
        purpose: Name of what the numbers are for: others are independent of them.
        seed: Seed of the run.
        step: Number of the optimizer step.
    """
    places = np.arange(1, ids.shape[1] + 1, dtype=np.uint64) * _GOLDEN
    tokens = np.where(is_real, _mix(ids.astype(np.uint64) + places), np.uint64(0))
    rows = tokens.sum(axis=1, dtype=np.uint64)
    for part in (zlib.crc32(purpose.encode()), seed, step):
        rows = _mix(rows + np.full(1, part + 1, dtype=np.uint64) * _GOLDEN)
    bits = _mix(rows[:, None] + places) >> np.uint64(11)
    return bits.astype(np.float64) * 2.0**-53


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return hashes of numbers: the last steps of SplitMix64 (Steele et al. 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))

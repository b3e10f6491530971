"""Intervals of proportions."""

from __future__ import annotations

import math

_Z = 1.959964  # of the normal distribution: 95 % in the middle


def wilson_interval(num_found: int, num_checked: int) -> tuple[float, float]:
    """Return the 95 % interval of a proportion (Wilson 1927), from 0 to 1.

    It stays between 0 and 1, and is usable for few examples and for none or all of them.

    Args:
        num_found: Number of examples that were found.
        num_checked: Number of examples among which they were; at least one.
    """
    share, square = num_found / num_checked, _Z * _Z / num_checked
    middle = (share + square / 2) / (1 + square)
    spread = _Z / (1 + square) * math.sqrt((share * (1 - share) + square / 4) / num_checked)
    return max(0.0, middle - spread), min(1.0, middle + spread)

"""How many examples are held out of the training data."""

from __future__ import annotations

from dataclasses import dataclass

_MOST = 1000
_SHARE = 10  # each set gets a tenth of the examples while there are few


@dataclass(frozen=True)
class HeldOut:
    """Number of examples that a set gets, and why."""

    size: int
    reason: str


def choose_size(num_pairs: int, num_groups: int) -> HeldOut:
    """Return the size of a set that is cut.

    Args:
        num_pairs: Number of pairs that can be used.
        num_groups: Number of different sources, which are never on two sides.
    """
    tenth = max(1, num_pairs // _SHARE)
    reason = "a tenth, chosen" if tenth < _MOST else "chosen"
    size = min(_MOST, tenth)
    # Groups of the same source are cut as a whole; one has to fit.
    largest = -(-num_pairs // max(1, num_groups))
    return HeldOut(max(size, largest), f"{reason} by source and seed")

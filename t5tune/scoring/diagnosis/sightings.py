"""What one detector has seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Sightings:
    """Where a fault was possible, and where it was seen.

    Attributes:
        num_checked: Examples where it was possible.
        clarity: Of each example that has the fault, by index; more is clearer.
    """

    num_checked: int
    clarity: Mapping[int, float] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.clarity)

    def share_also_in(self, other: Sightings) -> float:
        """Return the share of these examples that have the other fault too, from 0 to 1."""
        both = sum(index in other.clarity for index in self.clarity)
        return both / len(self) if self.clarity else 0.0

    def clearest(self, num: int) -> tuple[int, ...]:
        """Return indices, the clearest first; of equal ones the earlier comes first."""
        ordered = sorted(self.clarity, key=lambda index: (-self.clarity[index], index))
        return tuple(ordered[:num])


NOT_CHECKED = Sightings(0)

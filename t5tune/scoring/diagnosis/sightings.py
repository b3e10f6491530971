"""The sightings of one detector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Sightings:
    """Examples where a fault was possible, and where it was seen.

    Attributes:
        num_checked: Number of examples where it was possible.
        clarity: Clarity of the fault by index of the example; higher is clearer.
    """

    num_checked: int
    clarity: Mapping[int, float] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.clarity)

    def share_also_in(self, other: Sightings) -> float:
        """Return the share of these examples that also have the other fault, from 0 to 1."""
        both = sum(index in other.clarity for index in self.clarity)
        return both / len(self) if self.clarity else 0.0

    def clearest(self, num: int) -> tuple[int, ...]:
        """Return indices, the clearest first; of equal ones the earlier comes first."""
        ordered = sorted(self.clarity, key=lambda index: (-self.clarity[index], index))
        return tuple(ordered[:num])


NOT_CHECKED = Sightings(0)

"""What a diagnosis looks at, and what one detector of it has seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from t5tune.scoring.diagnosis.trained_run import TrainedRun


@dataclass(frozen=True)
class Outputs:
    """A system's output beside everything that is known about how it came to be.

    Attributes:
        hypotheses: One text an example.
        references: One or more for each example.
        sources: Input texts without the prefix, if known.
        reached_limit: Whether each hypothesis stopped at the length limit, if known.
        source_lang: Language code as the recipe has it, if known.
        target_lang: The same of the hypotheses.
        decoding: Generation settings by their Hugging Face names.
        task: As in a recipe, if known.
        run: Whose model wrote them, if it is known.
    """

    hypotheses: Sequence[str]
    references: Sequence[Sequence[str]]
    sources: Sequence[str] | None = None
    reached_limit: Sequence[bool] | None = None
    source_lang: str | None = None
    target_lang: str | None = None
    decoding: Mapping[str, object] = field(default_factory=dict)
    task: str | None = None
    run: TrainedRun | None = None

    def number(self, name: str) -> float | None:
        """A generation setting, if it is known and a number."""
        value = self.decoding.get(name)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return float(value) if is_number else None  # type: ignore[arg-type]


@dataclass(frozen=True)
class Sightings:
    """Where a fault was possible, and where it was seen.

    Attributes:
        num_looked_at: Examples where it was possible.
        clearness: Of each example that has the fault, by index; more is clearer.
    """

    num_looked_at: int
    clearness: Mapping[int, float] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.clearness)

    def share_also_in(self, other: Sightings) -> float:
        """Share of these examples that have the other fault too, from 0 to 1."""
        both = sum(index in other.clearness for index in self.clearness)
        return both / len(self) if self.clearness else 0.0

    def clearest(self, num: int) -> tuple[int, ...]:
        """Indices, the clearest first; of equal ones the earlier comes first."""
        ordered = sorted(self.clearness, key=lambda index: (-self.clearness[index], index))
        return tuple(ordered[:num])


NOT_LOOKED_AT = Sightings(0)

"""The evidence of a diagnosis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from t5tune.scoring.diagnosis.trained_run import TrainedRun
from t5tune.scoring.system_output import SystemOutput


@dataclass(frozen=True)
class Evidence(SystemOutput):
    """Output of a system, with everything known about its origin.

    Attributes:
        source_lang: Language code as the recipe has it, if known.
        target_lang: Language code of the hypotheses, needed to find other languages.
        decoding: Generation settings by their Hugging Face names, as JSON values.
        task: Task as in a recipe, if known: summaries leave numbers and names out on purpose.
        run: Run whose model wrote the hypotheses, if known.
    """

    source_lang: str | None = None
    target_lang: str | None = None
    decoding: Mapping[str, object] = field(default_factory=dict)
    task: str | None = None
    run: TrainedRun | None = None

    def expected_texts(self, index: int) -> list[str]:
        """Return what the hypothesis of an example may repeat: its references and its source."""
        return [*self.references[index], *([self.sources[index]] if self.sources else [])]

    def number(self, name: str) -> float | None:
        """Return a generation setting if it is a known number."""
        value = self.decoding.get(name)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return float(value) if is_number else None  # type: ignore[arg-type]

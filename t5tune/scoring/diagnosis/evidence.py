"""What a diagnosis looks at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from t5tune.scoring.diagnosis.trained_run import TrainedRun
from t5tune.scoring.system_output import SystemOutput


@dataclass(frozen=True)
class Evidence(SystemOutput):
    """A system's output beside everything that is known about how it came to be.

    Attributes:
        source_lang: Language code as the recipe has it, if known.
        target_lang: The same of the hypotheses; finding another language needs it.
        decoding: Generation settings by their Hugging Face names, as JSON values.
        task: As in a recipe, if known: summaries leave numbers and names out on purpose.
        run: Whose model wrote the hypotheses, if it is known.
    """

    source_lang: str | None = None
    target_lang: str | None = None
    decoding: Mapping[str, object] = field(default_factory=dict)
    task: str | None = None
    run: TrainedRun | None = None

    def number(self, name: str) -> float | None:
        """Return a generation setting, if it is known and a number."""
        value = self.decoding.get(name)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return float(value) if is_number else None  # type: ignore[arg-type]

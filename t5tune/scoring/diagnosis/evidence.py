"""The evidence of a diagnosis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from t5tune.scoring.diagnosis.generalization import Novelty
from t5tune.scoring.diagnosis.trained_run import TrainedRun
from t5tune.scoring.system_output import SystemOutput


class Overlap(Protocol):
    """Overlap of a test set with the training data, one entry per example.

    Attributes:
        rarest_word_counts: Number of training sources with the rarest word of each source; None
            for a source without words.
        agreement: Agreement: `exact`, `same_source`, `near` or `clean`.
    """

    @property
    def rarest_word_counts(self) -> Sequence[int | None]: ...

    @property
    def agreement(self) -> Sequence[str]: ...


@dataclass(frozen=True)
class Evidence(SystemOutput):
    """Output of a system, with everything known about its origin.

    Attributes:
        source_lang: Language code as the recipe has it, if known.
        target_lang: Language code of the hypotheses, needed to find other languages.
        decoding: Generation settings by their Hugging Face names, as JSON values.
        task: Task as in a recipe, if known: summaries leave numbers and names out on purpose.
        run: Run whose model wrote the hypotheses, if known.
        overlap: Overlap of the examples with the training data of the model, if known.
        novelty: What that training data had not of the examples, if asked for and known.
    """

    source_lang: str | None = None
    target_lang: str | None = None
    decoding: Mapping[str, object] = field(default_factory=dict)
    task: str | None = None
    run: TrainedRun | None = None
    overlap: Overlap | None = None
    novelty: Novelty | None = None

    def expected_texts(self, index: int) -> list[str]:
        """Return what the hypothesis of an example may repeat: its references and its source."""
        return [*self.references[index], *([self.sources[index]] if self.sources else [])]

    def number(self, name: str) -> float | None:
        """Return a generation setting if it is a known number."""
        value = self.decoding.get(name)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return float(value) if is_number else None  # type: ignore[arg-type]

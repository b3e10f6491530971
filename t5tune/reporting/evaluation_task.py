"""What an evaluation is to do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from t5tune.recipe.schema import Recipe
from t5tune.recipe.sections.data_section import Languages

if TYPE_CHECKING:
    from t5tune.decoding.export.settings import Export


@dataclass(frozen=True)
class EvaluationTask:
    """How a test set is translated and scored, and where the report goes."""

    recipe: Recipe  # with decoding and metrics; the run's own unless the model is not a run
    directory: Path | None  # directory for the texts and reports; None writes nothing
    export: Export | None = None  # export that translates instead of the model, in a single process
    # Whether the scores go into the model card, as they do for a run's own recipe and examples.
    writes_card: bool = False
    # Stored evaluation of the same model and engine with other settings, to compare the report
    # with.
    beside: Path | None = None
    # Options of the command, repeated in the commands that the report proposes.
    options: tuple[str, ...] = ()
    # Decoding and scoring settings that differ from the run's, as KEY=VALUE.
    settings: tuple[str, ...] = ()
    # Direction of a model with several that is evaluated alone.
    direction: Languages | None = None
    use_cache: bool = True  # whether to reuse generated hypotheses and store new ones
    allow_code: bool = False  # whether metrics may run code of others

"""Recipes with nothing left to choose, which training reads and a run keeps.

Each class narrows fields of the recipe as written and adds none, so that a resolved recipe is a
recipe too: `recipe.yaml` has the same keys, and `load_recipe` reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Discriminator, Tag

from t5tune.recipe.schema import DecodingSection, Recipe
from t5tune.recipe.sections.data_entry import DataEntry
from t5tune.recipe.sections.data_section import DataSection
from t5tune.recipe.sections.evaluation_section import BestMetricName, EvaluationSection, MetricName
from t5tune.recipe.sections.mixed_entry import (
    ONE,
    SEVERAL,
    DirectedEntry,
    MixedEntry,
    tell_entries,
)
from t5tune.recipe.sections.section import Count, PositiveInt, Share
from t5tune.recipe.sections.training_section import OptimName, TrainingSection


class ResolvedDataEntry(DataEntry):
    """A split whose prefix is known."""

    prefix: str


class ResolvedMixedEntry(MixedEntry):
    """An entry of a mixture whose prefix is known."""

    prefix: str


class ResolvedDirectedEntry(DirectedEntry):
    """An entry of several for validation or test whose prefix is known."""

    prefix: str


ResolvedTestEntries = Annotated[
    Annotated[ResolvedDataEntry, Tag(ONE)]
    | Annotated[Sequence[ResolvedDirectedEntry], Tag(SEVERAL)],
    Discriminator(tell_entries),
]


class ResolvedData(DataSection):
    """Splits with their prefixes."""

    train: Annotated[
        Annotated[ResolvedDataEntry, Tag(ONE)]
        | Annotated[Sequence[ResolvedMixedEntry], Tag(SEVERAL)],
        Discriminator(tell_entries),
    ]
    validation: ResolvedTestEntries
    test: ResolvedTestEntries | None = None
    prefix: str

    @property
    def model_prefix(self) -> str:
        """Text before every source that is translated."""
        key = "train" if isinstance(self.train, DataEntry) else self.key_of("validation")
        return self.entries[key].prefix or ""


class ResolvedDecoding(DecodingSection):
    """A search with its length limit."""

    max_new_tokens: PositiveInt


class ResolvedEvaluation(EvaluationSection):
    """Metrics by name."""

    metrics: list[MetricName]
    best_metric: BestMetricName


class FittedTraining(TrainingSection):
    """A training section with what model and machine decide."""

    optim: OptimName
    learning_rate: float
    label_smoothing_factor: Share
    bf16: bool


class ResolvedTraining(FittedTraining):
    """A training section with what the number of steps decides too."""

    warmup_steps: Count
    eval_steps: PositiveInt


class FittedRecipe(Recipe):
    """A recipe resolved for a model, while the number of steps is not known yet."""

    data: ResolvedData
    training: FittedTraining
    decoding: ResolvedDecoding
    evaluation: ResolvedEvaluation


class ResolvedRecipe(FittedRecipe):
    """A recipe that says everything its run depends on."""

    training: ResolvedTraining

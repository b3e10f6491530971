"""Build sections of recipes as training reads them, for tests without a recipe file."""

from __future__ import annotations

from typing import Any

from t5tune.recipe.choices import ModelFacts
from t5tune.recipe.resolve import resolve_for_model, resolve_for_steps
from t5tune.recipe.resolved_recipe import FittedTraining, ResolvedRecipe
from t5tune.recipe.schema import Recipe
from t5tune.recipe.sections.data_entry import DataEntry
from t5tune.recipe.sections.data_section import DataSection


def fitted_training(**values: Any) -> FittedTraining:
    """Return a training section with these values and defaults for all others."""
    usual = {
        "optim": "adamw_torch",
        "learning_rate": 0.01,
        "label_smoothing_factor": 0.0,
        "bf16": False,
    }
    return FittedTraining(**{**usual, **values})


def as_data(entry: DataEntry) -> DataSection:
    """Return a data section whose splits are all the same entry."""
    return DataSection(train=entry, validation=entry, test=entry)


def resolved(recipe: Recipe) -> ResolvedRecipe:
    """Return a recipe with every choice made, for a T5 on a CPU and a run of 8 steps."""
    facts = ModelFacts("t5", 3e-4, "", length_limit=8, gains_by_bf16=False)
    fitted, _ = resolve_for_model(recipe, facts)
    return resolve_for_steps(fitted, num_steps=8, steps_per_epoch=8)[0]


def build_tiny_recipe(**entries: dict[str, Any]) -> Recipe:
    """Return a recipe with files for its splits, except those that are given."""
    data = {split: {"file": f"{split}.tsv"} for split in ("train", "validation", "test")}
    values = {
        "name": "a",
        "task": "text2text",
        "model": {"name": "a/b"},
        "data": {**data, **entries},
    }
    return Recipe.model_validate(values)

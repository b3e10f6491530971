"""Build sections of recipes as training reads them, for tests without a recipe file."""

from __future__ import annotations

from typing import Any

from t5tune.recipe.resolved_recipe import FittedTraining
from t5tune.recipe.schema import DataEntry, DataSection


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

"""Checks of what a recipe needs from the machine, before torch is imported and data is read."""

from __future__ import annotations

from t5tune.recipe.schema import Recipe
from t5tune.reporting.recipe_scoring import check_scoring
from t5tune.training.trackers import check_trackers


def check_prerequisites(recipe: Recipe) -> None:
    """Refuse a recipe whose validations or reports would fail on this machine.

    Raises:
        T5TuneError: A package is missing, or BLEU does not have the tokenizer.
    """
    check_scoring(recipe)
    check_trackers(recipe.training.extra)

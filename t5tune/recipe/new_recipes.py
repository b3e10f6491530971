"""What is refused where a recipe is to be trained, and not where a run is opened.

An earlier version of t5tune accepted it, so the schema has to accept it still.
"""

from __future__ import annotations

from typing import Any

from t5tune.recipe.problems import Place
from t5tune.recipe.schema import Recipe
from t5tune.recipe.sections.scratch_refusals import find_size_conflicts
from t5tune.recipe.training_extra import find_extra_problems


def describe_extra(document: dict[Any, Any], recipe: Recipe | None, place: Place) -> list[str]:
    """Return what is wrong below `training.extra`, which may itself be malformed."""
    if recipe is not None:
        from_scratch = recipe.model.is_from_scratch
        found = find_extra_problems(
            recipe.training.extra, recipe.training, from_scratch=from_scratch
        )
    else:
        training = document.get("training")
        extra = training.get("extra") if isinstance(training, dict) else None
        found = find_extra_problems(extra if isinstance(extra, dict) else {})
    return [
        f"{place(('training', 'extra', key))}: training.extra.{key}: {problem}"
        for key, problem in found
    ]


def describe_sizes(recipe: Recipe | None, begun: Recipe | None, place: Place) -> list[str]:
    """Return the sizes that `model.config` and `model.from_scratch` give differently.

    Args:
        recipe: Recipe to be trained; None if it is malformed.
        begun: Recipe of the run that is continued, whose own contradictions are accepted.
        place: Function that gives file and line of a key path.
    """
    found, accepted = (
        dict(find_size_conflicts(one.model.from_scratch, one.model.config))
        if one is not None and one.model.from_scratch is not None
        else {}
        for one in (recipe, begun)
    )
    return [
        f"{place(('model', 'config', field))}: model.config.{field}: {problem}"
        for field, problem in found.items()
        if accepted.get(field) != problem
    ]

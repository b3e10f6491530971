"""One direction of a model with several, evaluated alone."""

from __future__ import annotations

from t5tune.errors import T5TuneError
from t5tune.models.input_settings import Direction, InputSettings
from t5tune.recipe.schema import Recipe
from t5tune.recipe.sections.data_section import Languages


def choose_direction(
    recipe: Recipe, source_lang: str | None, target_lang: str | None
) -> Languages | None:
    """Return the direction that these languages mean; None if all are meant, or there is one.

    Raises:
        T5TuneError: The languages name none of several directions, or more than one.
    """
    directions = recipe.data.find_directions((recipe.source_lang, recipe.target_lang))
    if len(directions) == 1 or (source_lang is None and target_lang is None):
        return None
    known = InputSettings(directions=[Direction(*one) for one in directions])
    return known.choose(source_lang, target_lang).languages


def restrict(recipe: Recipe, direction: Languages, split: str | None) -> Recipe:
    """Return the recipe with one direction alone.

    Args:
        direction: Languages of the direction.
        split: Split that is evaluated; None if the examples come from elsewhere.

    Raises:
        T5TuneError: The split has no examples of this direction.
    """
    languages, data = (recipe.source_lang, recipe.target_lang), recipe.data
    if split is not None and not data.has_direction(split, direction, languages):
        options = "--source-lang {} --target-lang {}".format(*direction)
        raise T5TuneError(
            f"data.{split} has no examples from {direction[0]} to {direction[1]}.",
            next_command=f"the same command with --source FILE --reference FILE {options}",
        )
    source_lang, target_lang = direction
    own = {"source_lang": source_lang, "target_lang": target_lang}
    return recipe.model_copy(update={**own, "data": data.in_direction(direction, languages)})

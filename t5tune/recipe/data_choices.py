"""Choices of the data: prefixes, and how plain text and augmented pairs become examples."""

from __future__ import annotations

import math
from collections.abc import Iterator

from t5tune.recipe.choices import SHARED_PREFIX, SHARED_SEED, Choice, ModelFacts
from t5tune.recipe.schema import Recipe
from t5tune.recipe.sections.augment_section import ROUNDS
from t5tune.recipe.sections.denoise_section import RATES


def choose_data(recipe: Recipe, facts: ModelFacts) -> Iterator[Choice]:
    """Yield what decides the tokens of the data."""
    yield from _choose_prefixes(recipe, facts)
    yield from _choose_denoising(recipe, facts)
    yield from _choose_rounds(recipe, facts)


def choose_rounds(recipe: Recipe) -> int:
    """Return the number of variants of augmented training data, if the recipe asks for any."""
    section, training = recipe.data.augment or recipe.data.denoise, recipe.training
    if section is not None and section.rounds is not None:
        return section.rounds
    is_counted_in_steps = training.max_steps is not None or training.num_train_epochs > ROUNDS
    return ROUNDS if is_counted_in_steps else math.ceil(training.num_train_epochs)


def _choose_prefixes(recipe: Recipe, facts: ModelFacts) -> Iterator[Choice]:
    prefix, main = recipe.data.prefix, (recipe.source_lang, recipe.target_lang)
    of_directions = dict(facts.direction_prefixes)
    if of_directions:  # a direction has the prefix that an entry for training says
        of_directions |= {
            recipe.data.languages_of(key, main): entry.prefix
            for key, entry in recipe.data.training_entries.items()
            if entry.prefix is not None
        }
    if prefix is None:
        prefix = "" if recipe.model.is_from_scratch else facts.prefix
        reason = "how the original T5 was told this task"
        if facts.is_tag:
            reason = "the model's token of target_lang"
        if not prefix:
            reason = "the model knows no prefix for the task"
        if main in of_directions:
            prefix, reason = of_directions[main], "one of several directions"
        yield Choice("data.prefix", prefix, reason)
    for key, entry in recipe.data.entries.items():
        languages = recipe.data.languages_of(key, main)
        own = of_directions.get(languages, prefix)
        if entry.prefix is None:
            reason = SHARED_PREFIX if own == prefix else f"from {languages[0]} to {languages[1]}"
            yield Choice(f"data.{key}.prefix", own, reason)


def _choose_denoising(recipe: Recipe, facts: ModelFacts) -> Iterator[Choice]:
    section = recipe.data.denoise
    if section is None:
        return
    objective = section.objective or facts.objective
    if section.objective is None:
        reason = f"usual for {facts.model_type}"
        yield Choice("data.denoise.objective", objective, reason)
    if section.rate is None and objective is not None:
        yield Choice("data.denoise.rate", RATES[objective], f"usual for {objective}")


def _choose_rounds(recipe: Recipe, facts: ModelFacts) -> Iterator[Choice]:
    key = "data.augment" if recipe.data.denoise is None else "data.denoise"
    section, training = recipe.data.augment or recipe.data.denoise, recipe.training
    if section is None:
        return
    if section.rounds is None and not recipe.data.is_streamed:
        before = facts.began_with_rounds
        rounds, reason = choose_rounds(recipe), "variants enough for the number of epochs"
        if before is not None and before != rounds:
            rounds, reason = before, "as this run began"
        yield Choice(f"{key}.rounds", rounds, reason)
    if section.seed is None:
        yield Choice(f"{key}.seed", training.seed, SHARED_SEED)

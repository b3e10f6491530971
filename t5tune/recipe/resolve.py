"""Choices for what a recipe leaves out, each with its reason.

`Recipe` is as written; `ResolvedRecipe` has nothing left to choose. Two facts become known on the
way: the model, when it is loaded, and the number of optimizer steps, when the batches are planned.
Both are passed in as plain values; nothing here opens a file or measures anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from t5tune.recipe.choices import AS_WRITTEN, Choice, ModelFacts
from t5tune.recipe.data_choices import choose_data
from t5tune.recipe.resolved_recipe import FittedRecipe, ResolvedData, ResolvedRecipe
from t5tune.recipe.schema import Recipe
from t5tune.recipe.training_choices import choose_adapter, choose_training, of_training
from t5tune.scoring.registry import default_metrics, ranks_models

MAX_VALIDATIONS = 20
MAX_WARMUP_STEPS = 400

SomeRecipe = TypeVar("SomeRecipe", bound=Recipe)


def resolve_for_model(recipe: Recipe, facts: ModelFacts) -> tuple[FittedRecipe, list[Choice]]:
    """Choose every value that does not depend on the number of steps.

    Args:
        recipe: Recipe as written.
        facts: Facts about model, data and machine.

    Returns:
        The recipe with these values, and the choices in the order of the schema.
    """
    choices = [
        *choose_adapter(recipe, facts),
        *choose_data(recipe, facts),
        *choose_training(recipe, facts),
        *_choose_length(recipe, facts),
        *_choose_scores(recipe),
    ]
    return _apply(FittedRecipe, recipe, choices), choices


def resolve_data(recipe: Recipe, facts: ModelFacts) -> ResolvedData:
    """Choose every value that decides the tokens of the data, as `resolve_for_model` does."""
    chosen = _apply(Recipe, recipe, choose_data(recipe, facts))
    return ResolvedData.model_validate(chosen.data.model_dump())


def resolve_for_steps(
    recipe: FittedRecipe, *, num_steps: int, steps_per_epoch: int | None
) -> tuple[ResolvedRecipe, list[Choice]]:
    """Choose every value that depends on the length of the run.

    Args:
        recipe: Recipe resolved for the model.
        num_steps: Number of optimizer steps of the run.
        steps_per_epoch: Number of optimizer steps of one epoch; None if the data is streamed.

    Returns:
        The recipe with nothing left to choose, and the choices.
    """
    training = recipe.training
    choices = []
    if training.warmup_steps is None:
        tenth = num_steps // 10
        reason = "a tenth of the run" if tenth <= MAX_WARMUP_STEPS else "enough for a long run"
        choices.append(of_training("warmup_steps", min(tenth, MAX_WARMUP_STEPS), reason))
    between, reason = training.eval_steps, AS_WRITTEN
    if between is None:
        rarest = -(-num_steps // MAX_VALIDATIONS)
        between, reason = steps_per_epoch or rarest, "once an epoch"
        if steps_per_epoch is None or rarest > steps_per_epoch:
            between, reason = rarest, f"{MAX_VALIDATIONS} times in the run"
    if between > num_steps:
        between, reason = num_steps, "once, when the run ends"
    if between != training.eval_steps:
        choices.append(of_training("eval_steps", between, reason))
    return _apply(ResolvedRecipe, recipe, choices), choices


def choose_metrics(recipe: Recipe) -> tuple[str, ...]:
    """Return the metrics of the report, in order; those of the task if the recipe names none."""
    named, best = recipe.evaluation.metrics, recipe.evaluation.best_metric
    if named:
        return tuple(named)
    usual = default_metrics(recipe.task)
    return usual if best is None else (best, *(name for name in usual if name != best))


def choose_best_metric(recipe: Recipe) -> str:
    """Return the metric that chooses the best checkpoint."""
    return recipe.evaluation.best_metric or next(filter(ranks_models, choose_metrics(recipe)))


def _choose_length(recipe: Recipe, facts: ModelFacts) -> Iterator[Choice]:
    if recipe.decoding.max_new_tokens is None:
        reason = "the longest validation reference and a reserve"
        yield Choice("decoding.max_new_tokens", facts.length_limit, reason)


def _choose_scores(recipe: Recipe) -> Iterator[Choice]:
    if not recipe.evaluation.metrics:
        reason = f"usual for {recipe.task}"
        yield Choice("evaluation.metrics", list(choose_metrics(recipe)), reason)
    if recipe.evaluation.best_metric is None:
        reason = "the first of the metrics that can rank models"
        yield Choice("evaluation.best_metric", choose_best_metric(recipe), reason)


def _apply(kind: type[SomeRecipe], recipe: Recipe, choices: Iterable[Choice]) -> SomeRecipe:
    """Return the recipe with the chosen values, checked to be complete."""
    values = recipe.model_dump()
    for choice in choices:
        *sections, name = choice.key.split(".")
        section: Any = values
        for part in sections:
            key, _, number = part.partition("[")  # train[0] is the first entry of a mixture
            section = section[key][int(number.rstrip("]"))] if number else section[key]
        section[name] = choice.value
    return kind.model_validate(values)

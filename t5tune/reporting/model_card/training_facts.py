"""Facts about a run that the remedies of a report need."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence

from pydantic import ValidationError

from t5tune.files.json_values import read_log, read_object
from t5tune.models.families import find_family
from t5tune.recipe.proposals import spell_in_bytes, train_longer
from t5tune.recipe.resolved_recipe import ResolvedRecipe
from t5tune.recipe.schema import Recipe
from t5tune.reporting.reports.training_curves import TRAINING_QUANTITIES, read_curves
from t5tune.run.directory import RunDirectory, display_path
from t5tune.scoring.diagnosis.trained_run import TrainedRun
from t5tune.scoring.registry import METRICS, is_evaluate_metric

_TWICE, _FOUR_TIMES = 2.0, 4.0


def describe_training(
    run: RunDirectory,
    recipe: ResolvedRecipe,
    *,
    model_type: str,
    evaluation: Sequence[str] = (),
    settings: Sequence[str] = (),
) -> TrainedRun:
    """Return how a run was trained, how it ended, and which settings would change that.

    Lines that the log lacks leave facts unknown. The options of the evaluation are as typed, and
    the settings that were tried as KEY=VALUE.
    """
    log = read_log(run.log)
    curves = [curve for curve in read_curves(log) if curve.name not in TRAINING_QUANTITIES]
    metric = METRICS[recipe.evaluation.best_metric]
    best = next((curve for curve in curves if curve.name == metric.main_score), None)
    num_steps = int(log[-1]["step"]) if log else 0
    epoch = log[-1].get("epoch") if log else None
    num_epochs = float(epoch) if isinstance(epoch, int | float) and math.isfinite(epoch) else 0.0
    num_waited = 0
    if best is not None:
        choose = min if metric.lower_is_better else max
        num_waited = len(best.values) - 1 - best.values.index(choose(best.values))
    longer, much_longer = (
        train_longer(
            recipe.training,
            factor,
            num_steps=num_steps,
            num_epochs=num_epochs,
            num_waited=num_waited,
        )
        for factor in (_TWICE, _FOUR_TIMES)
    )
    return TrainedRun(
        _name_in_commands(run),
        validations=best,
        others=tuple(curve for curve in curves if curve is not best),
        amount=_amount(num_steps, num_epochs),
        longer=longer,
        much_longer=much_longer,
        spelling=spell_in_bytes(_as_written(run, recipe)),
        is_from_scratch=recipe.model.is_from_scratch,
        max_target_length=recipe.data.max_target_length,
        lacks_prefix=_lacks_prefix(recipe.model.name, recipe.data.model_prefix, model_type),
        evaluation=tuple(evaluation),
        settings=tuple(settings),
        options=("--allow-code",)
        if any(map(is_evaluate_metric, recipe.evaluation.metrics))
        else (),
    )


def _name_in_commands(run: RunDirectory) -> str:
    """Return a path, relative if possible, with a slash to tell it from the name of a recipe."""
    path = display_path(run.path)
    return path if os.sep in path else f".{os.sep}{path}"


def _amount(num_steps: int, num_epochs: float) -> str:
    if not num_steps:
        return ""
    epochs = f"{num_epochs:.3g} epoch{'' if num_epochs == 1 else 's'}"
    return f"{epochs} ({num_steps:,} steps)" if num_epochs else f"{num_steps:,} steps"


def _as_written(run: RunDirectory, recipe: Recipe) -> Recipe:
    """Return the recipe for another run, without defaults."""
    try:
        return Recipe.model_validate(read_object(run.environment).get("recipe"))
    except ValidationError:
        return recipe


def _lacks_prefix(name: str | None, prefix: str, model_type: str) -> bool:
    """Return whether a model was pretrained with task prefixes but has none."""
    if not find_family(model_type).has_prefixes or name is None:
        return False
    return "byt5" not in name.lower() and not prefix

"""`t5tune eval RUN KEY=VALUE`: other settings of decoding and scoring, for one evaluation."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from t5tune.errors import T5TuneError
from t5tune.recipe.loading import change_recipe, differing_keys
from t5tune.recipe.overrides import Override, format_override
from t5tune.recipe.schema import Recipe
from t5tune.run.directory import RunDirectory

# Sections that an evaluation reads, besides data and languages.
SECTIONS = ("decoding", "evaluation")
# Keys of these sections that only training reads.
_OF_TRAINING = ("evaluation.best_metric", "evaluation.max_validation_examples")

# Keys that add something to a report and change nothing else in it.
_ADDITIONS = tuple(
    f"evaluation.{key}" for key in ("stress", "generalization", "contrastive", "keep")
)


def changes_report(change: str) -> bool:
    """Return whether a setting, as KEY=VALUE, may change outputs or their scores."""
    return change.partition("=")[0] not in _ADDITIONS


def is_tried(key: str) -> bool:
    """Return whether an evaluation can be made with another value of this key."""
    return key.partition(".")[0] in SECTIONS and key not in _OF_TRAINING


def try_settings(
    recipe: Recipe, settings: Sequence[str | Override], name: str
) -> tuple[Recipe, list[str]]:
    """Return a recipe with other settings for decoding and scoring.

    The name is that of the run or model, for messages.

    Returns:
        The recipe, and the settings that differ from the ones it had, as KEY=VALUE.

    Raises:
        T5TuneError: A key is not a setting of an evaluation, or a value is wrong.
    """
    for setting in settings:
        if isinstance(setting, str) and "=" not in setting:
            raise T5TuneError(
                f"{setting!r} is not a setting: expected KEY=VALUE.",
                next_command=f"t5tune eval {shlex.quote(name)} decoding.num_beams=8",
            )
        key, text = _describe(setting)
        if not is_tried(key):
            raise _refuse(key, text, name)
    settings = list(settings)
    if any(_describe(setting)[0] == "evaluation.metrics" for setting in settings):
        settings.append("evaluation.best_metric=null")  # it may not be among them
    tried = change_recipe(
        recipe,
        settings,
        Path("recipe"),
        next_command=f"t5tune eval {shlex.quote(name)} decoding.num_beams=8",
    )
    return tried, format_changes(tried, filter(is_tried, differing_keys(recipe, tried)))


def _describe(setting: str | Override) -> tuple[str, str]:
    """Return the key of a setting, and KEY=VALUE."""
    if isinstance(setting, Override):
        return setting.key, setting.text
    return setting.partition("=")[0].strip(), setting


def format_changes(recipe: Recipe, keys: Iterable[str]) -> list[str]:
    """Return the recipe's values of these keys of decoding or evaluation, as KEY=VALUE."""
    values = recipe.model_dump(mode="json")
    return [format_override(key, values[key.split(".")[0]][key.split(".")[1]]) for key in keys]


def _refuse(key: str, setting: str, name: str) -> T5TuneError:
    """Return an error that says why a key cannot be tried and what to type instead."""
    quoted, section = shlex.quote(name), key.partition(".")[0]
    run = RunDirectory(Path(name))
    source = shlex.quote(str(run.recipe)) if run.is_run else "RECIPE"
    train = f"t5tune train {source} {shlex.quote(setting)} --restart   # trains another model"
    if section == "data":
        return T5TuneError(
            f"{key} is not a setting of an evaluation: options of t5tune eval select other data.",
            next_command=f"t5tune eval {quoted} --source FILE --reference FILE   # or --split",
        )
    if section == "export":
        return T5TuneError(
            f"{key} is not a setting of an evaluation.",
            next_command=f"t5tune export {quoted}; t5tune eval {quoted} --engine ctranslate2",
        )
    if section not in Recipe.model_fields:
        return T5TuneError(
            f"{key} is not a key of decoding or evaluation: t5tune eval changes only those.",
            next_command=f"t5tune eval {quoted} decoding.num_beams=8   # for example",
        )
    return T5TuneError(
        f"{key} takes effect in training: t5tune eval changes only keys of decoding and "
        "evaluation.",
        next_command=train,
    )

"""`t5tune eval RUN KEY=VALUE`: other settings of decoding and scoring, for one evaluation."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from t5tune.errors import T5TuneError
    from t5tune.recipe.schema import Recipe

# What an evaluation reads of a recipe, beside data and languages.
SECTIONS = ("decoding", "evaluation")
# Of these sections, what only training reads.
_OF_TRAINING = ("evaluation.best_metric", "evaluation.max_validation_examples")


def split_arguments(
    run: str | None, overrides: Sequence[str] | None
) -> tuple[str | None, list[str]]:
    """The run and the settings: `t5tune eval decoding.num_beams=8` means the newest run."""
    settings = list(overrides or [])
    if run is not None and "=" in run and not Path(run).exists():
        return None, [run, *settings]
    return run, settings


def is_tried(key: str) -> bool:
    """Whether an evaluation can be made with another value of this key."""
    return key.partition(".")[0] in SECTIONS and key not in _OF_TRAINING


def try_settings(recipe: Recipe, settings: Sequence[str], name: str) -> tuple[Recipe, list[str]]:
    """A recipe with other settings for decoding and scoring.

    Args:
        recipe: Of the run, or what stands for it.
        settings: As KEY=VALUE.
        name: Of the run or model, for messages.

    Returns:
        The recipe, and the settings that differ from the ones it had, as KEY=VALUE.

    Raises:
        T5TuneError: A key is not a setting of an evaluation, or a value is wrong.
    """
    from t5tune.errors import T5TuneError
    from t5tune.recipe.loading import change_recipe, differing_keys

    for setting in settings:
        key, equals, _ = setting.partition("=")
        if not equals:
            raise T5TuneError(
                f"{setting!r} is not a setting: expected KEY=VALUE.",
                next_command=f"t5tune eval {shlex.quote(name)} decoding.num_beams=8",
            )
        if not is_tried(key.strip()):
            raise _refuse(key.strip(), setting, name)
    settings = list(settings)
    if any(setting.partition("=")[0].strip() == "evaluation.metrics" for setting in settings):
        settings.append("evaluation.best_metric=null")  # it may not be among them
    tried = change_recipe(
        recipe,
        settings,
        Path("recipe"),
        next_command=f"t5tune eval {shlex.quote(name)} decoding.num_beams=8",
    )
    return tried, format_changes(tried, filter(is_tried, differing_keys(recipe, tried)))


def format_changes(recipe: Recipe, keys: Iterable[str]) -> list[str]:
    """The recipe's values of these keys of decoding or evaluation, as KEY=VALUE."""
    from t5tune.recipe.overrides import format_override

    values = recipe.model_dump(mode="json")
    return [format_override(key, values[key.split(".")[0]][key.split(".")[1]]) for key in keys]


def _refuse(key: str, setting: str, name: str) -> T5TuneError:
    """Why a key cannot be tried, and what to type instead."""
    from t5tune.errors import T5TuneError
    from t5tune.recipe.schema import Recipe
    from t5tune.run.directory import RunDirectory

    quoted, section = shlex.quote(name), key.partition(".")[0]
    run = RunDirectory(Path(name))
    source = shlex.quote(str(run.recipe)) if run.is_run else "RECIPE"
    train = f"t5tune train {source} {shlex.quote(setting)} --restart   # trains another model"
    if section == "data":
        return T5TuneError(
            f"{key} is not a setting of an evaluation: t5tune eval takes other data by options.",
            next_command=f"t5tune eval {quoted} --source FILE --reference FILE   # or --split",
        )
    if section == "export":
        return T5TuneError(
            f"{key} is not a setting of an evaluation.",
            next_command=f"t5tune export {quoted}; t5tune eval {quoted} --engine ctranslate2",
        )
    if section not in Recipe.model_fields:
        return T5TuneError(
            f"{key} is not a key of decoding or evaluation, which are what t5tune eval can change.",
            next_command=f"t5tune eval {quoted} decoding.num_beams=8   # for example",
        )
    return T5TuneError(
        f"{key} is in force while a model is trained; t5tune eval changes keys of decoding and "
        "evaluation.",
        next_command=train,
    )

"""Checks of what a recipe needs from the machine, before torch is imported and data is read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from t5tune.data.augmentation.recipe_augmenter import check_augmentation
from t5tune.data.readers.file_check import find_problems
from t5tune.data.readers.local_files import find_file
from t5tune.errors import T5TuneError
from t5tune.models.model_names import may_be_hub_id, suggest_owner
from t5tune.recipe.catalog import recipes_directory
from t5tune.recipe.places import as_names
from t5tune.recipe.schema import Recipe
from t5tune.reporting.recipe_scoring import check_scoring
from t5tune.run.directory import RunDirectory, display_path
from t5tune.training.callbacks.trackers import check_trackers


def check_prerequisites(recipe: Recipe) -> None:
    """Refuse a recipe whose validations or reports would fail on this machine.

    Raises:
        T5TuneError: A package is missing, or BLEU does not have the tokenizer.
    """
    check_scoring(recipe)
    check_trackers(recipe.training.extra)


def check_inputs(recipe: Recipe) -> None:
    """Refuse a recipe whose files, columns or model cannot exist; takes milliseconds.

    Raises:
        T5TuneError: The message has each problem on a line of its own.
    """
    problems = [
        *find_problems(recipe.data, recipe.source_lang, recipe.target_lang),
        *_check_model(recipe),
        *_check_deepspeed(recipe.training.deepspeed_config),
        *_check_augmentation(recipe),
        *_check_contrastive(recipe),
    ]
    if not problems:
        return
    count = [f"{len(problems)} problems:"] if len(problems) > 1 else []
    next_command = problems[0].next_command
    files = [file for one in recipe.data.training_entries.values() for file in one.place.files]
    if files and files[0].startswith(str(recipes_directory())):
        next_command = f"t5tune recipes show {recipe.name}   # says which data it needs, and where"
    raise T5TuneError(
        "\n".join([*count, *(problem.message for problem in problems)]), next_command=next_command
    )


def _check_model(recipe: Recipe) -> Iterator[T5TuneError]:
    scratch = recipe.model.from_scratch
    tokenizer = scratch.tokenizer.name if scratch is not None else None
    if tokenizer is not None and _is_path(tokenizer) and not Path(tokenizer).is_dir():
        yield _refuse_directory("model.from_scratch.tokenizer.name", tokenizer)
    name = recipe.model.name
    if name is None:
        return
    path = Path(name)
    if path.is_dir():
        run = RunDirectory(path)
        if not (path / "config.json").is_file() and run.has_model:
            yield T5TuneError(
                f"model.name: {display_path(name)} is a run, and its model is in a directory of "
                "its own.",
                next_command=f"model.name=./{display_path(run.model)}",
            )
    elif _is_path(name):
        yield _refuse_directory("model.name", name)
    elif not may_be_hub_id(name):
        yield T5TuneError(
            f"model.name: {name} is not a directory, and the name of a model on the hub has an "
            f"owner and a slash{suggest_owner(name) or '.'}",
            next_command="model.name=OWNER/NAME, or model.name=./DIRECTORY",
        )


def _check_deepspeed(file: str | None) -> Iterator[T5TuneError]:
    if file is not None:
        try:
            find_file(file, "training", "deepspeed_config")
        except T5TuneError as error:
            yield error


def _check_augmentation(recipe: Recipe) -> Iterator[T5TuneError]:
    if recipe.data.augment is not None:
        try:
            check_augmentation(recipe.data.augment)
        except T5TuneError as error:
            yield error


def _check_contrastive(recipe: Recipe) -> Iterator[T5TuneError]:
    names = as_names(recipe.evaluation.contrastive or [])
    if names:  # which few recipes have; numpy is imported with it
        from t5tune.data.contrastive_sets import load_contrastive_set
    for name in names:
        try:
            load_contrastive_set(name)
        except T5TuneError as error:
            yield error


def _is_path(name: str) -> bool:
    """Return whether a name is a path; names that began with a dot are already absolute."""
    return name.startswith(("/", "./", "../", "~"))


def _refuse_directory(key: str, name: str) -> T5TuneError:
    return T5TuneError(
        f"{key}: {display_path(name)} is not a directory.",
        next_command=f"ls {display_path(Path(name).parent)}   # then correct {key}",
    )

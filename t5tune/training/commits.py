"""Which commit on the hub a run loads its base model from: one, from its start to its end."""

from __future__ import annotations

from collections.abc import Mapping

from t5tune.files import read_object
from t5tune.models.loading import find_commit
from t5tune.progress import say
from t5tune.recipe.schema import Recipe
from t5tune.run_directory import RunDirectory
from t5tune.training.resuming import recorded_recipe

COMMITS = "commits"  # in environment.json
MODEL = "model"


def pin_model(recipe: Recipe, run: RunDirectory, *, is_resumed: bool) -> Recipe:
    """The recipe with the commit of its base model for `model.revision`.

    A run stays on the commit that it was begun with, wherever its branch is today. Nothing is
    pinned of a directory, or of a model from scratch.

    Args:
        recipe: As the user wrote it.
        run: Whose environment.json may name the commit.
        is_resumed: The model comes from a checkpoint: the hub need not be asked.

    Raises:
        T5TuneError: There is no such model or revision, or no way to it.
    """
    name = recipe.model.name
    if name is None:
        return recipe
    commit = _recorded_commit(recipe, run)
    if commit is None and not is_resumed:
        commit = find_commit(name, recipe.model.revision)
    if commit is None:
        return recipe
    if not is_resumed:
        say(f"model: {name}, commit {commit[:7]}")
    model = recipe.model.model_copy(update={"revision": commit})
    return recipe.model_copy(update={"model": model})


def describe_commits(pinned: Recipe) -> Mapping[str, str]:
    """What environment.json says about the commits of a recipe from `pin_model`."""
    is_pinned = pinned.model.name is not None and pinned.model.revision is not None
    return {MODEL: str(pinned.model.revision)} if is_pinned else {}


def _recorded_commit(recipe: Recipe, run: RunDirectory) -> str | None:
    recorded = recorded_recipe(run)
    if recorded is None or recorded.model != recipe.model:
        return None
    commits = read_object(run.environment).get(COMMITS)
    commit = commits.get(MODEL) if isinstance(commits, dict) else None
    return commit if isinstance(commit, str) else None

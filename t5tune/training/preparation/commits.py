"""The commits on the hub that a run loads its base model and data from, fixed for the run."""

from __future__ import annotations

from collections.abc import Iterator

from t5tune.console import say
from t5tune.data.readers.hub_commits import (
    Revision,
    hub_splits,
    pin_commits,
    pin_entries,
    revision_of,
)
from t5tune.files.json_values import keep_texts, read_object
from t5tune.models.loading import find_commit
from t5tune.recipe.places import HubSplit
from t5tune.recipe.schema import Recipe
from t5tune.recipe.sections.kept_task import KeptTask
from t5tune.recipe.sections.model_section import ModelSection, PretrainedModel
from t5tune.run.directory import RunDirectory
from t5tune.training.checkpoints.resuming import recorded_recipe

COMMITS = "commits"  # in environment.json

# What is loaded from the hub, as environment.json names it.
MODEL = "model"
TOKENIZER = "model.from_scratch.tokenizer"


def pin_model(
    recipe: Recipe, run: RunDirectory, *, is_resumed: bool
) -> tuple[Recipe, dict[str, str]]:
    """Find the commit of the base model, or of the tokenizer that a new model takes over.

    A run stays on the commit that it began with, wherever its branch is today. Directories and
    what is made from scratch have no commit.

    The commit may be in environment.json. A run that resumes has all in its checkpoint, so that the
    hub is not asked.

    Returns:
        The recipe with the commit of its base model as `model.revision`, and the entry of
        environment.json: the commit, if there is one, by what was loaded.

    Raises:
        T5TuneError: The model or revision does not exist or cannot be reached.
    """
    kind, name, key = _find_origin(recipe.model)
    if name is None:
        return recipe, {}
    commit = _recorded_commit(kind, recipe, run)
    if commit is None and not is_resumed:
        commit = find_commit(name, recipe.model.revision, key=key)
    if commit is None:
        return recipe, {}
    if not is_resumed:
        say(f"{kind.rpartition('.')[2]}: {name}, commit {commit[:7]}")
    if kind == MODEL:
        model = recipe.model.model_copy(update={"revision": commit})
        recipe = recipe.model_copy(update={"model": model})
    return recipe, {kind: commit}


def pin_data(recipe: Recipe, run: RunDirectory) -> tuple[Recipe, dict[str, str]]:
    """Find the commits of the data sets, which environment.json of the run may name.

    Return the recipe with commits as the revisions of its data and of the tasks of
    `evaluation.keep`, and commits by keys of the recipe, such as `data.train`, for
    environment.json.

    Raises:
        T5TuneError: A data set or revision does not exist or cannot be reached.
    """
    known = _recorded_data_commits(run)
    kept = list(pin_entries(_kept_tasks(recipe), known).values())
    pinned = recipe.model_copy(
        update={
            "data": pin_commits(recipe.data, known),
            "evaluation": recipe.evaluation.model_copy(update={"keep": kept}),
        }
    )
    return pinned, {key: str(place.revision) for key, place in _find_places(pinned)}


def _kept_tasks(recipe: Recipe) -> dict[str, KeptTask]:
    return {f"evaluation.keep[{n}]": task for n, task in enumerate(recipe.evaluation.keep)}


def _find_places(recipe: Recipe) -> Iterator[tuple[str, HubSplit]]:
    """Yield the places on the hub by their keys in a recipe."""
    data = {f"data.{key}": entry for key, entry in recipe.data.entries.items()}
    return hub_splits(data | _kept_tasks(recipe))


def _recorded_data_commits(run: RunDirectory) -> dict[Revision, str]:
    recorded, commits = recorded_recipe(run), _recorded_commits(run)
    places = _find_places(recorded) if recorded is not None else ()
    return {revision_of(place): commits[key] for key, place in places if key in commits}


def _find_origin(section: ModelSection) -> tuple[str, str | None, str]:
    """Return what is loaded, its name if it has one, and the key of the recipe that names it."""
    origin = section.origin
    if isinstance(origin, PretrainedModel):
        return MODEL, origin.name, section.origin_key
    return TOKENIZER, origin.tokenizer.name, f"{TOKENIZER}.name"


def _recorded_commit(kind: str, recipe: Recipe, run: RunDirectory) -> str | None:
    recorded = recorded_recipe(run)
    if recorded is None or recorded.model != recipe.model:
        return None
    return _recorded_commits(run).get(kind)


def _recorded_commits(run: RunDirectory) -> dict[str, str]:
    return keep_texts(read_object(run.environment).get(COMMITS))

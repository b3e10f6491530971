"""The run that a recipe or a name means to `t5tune train`. Imports no model library."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t5tune.console import say
from t5tune.errors import T5TuneError
from t5tune.recipe.catalog import is_shipped
from t5tune.recipe.loading import build_recipe, change_recipe, differing_keys, load_recipe
from t5tune.recipe.overrides import Override
from t5tune.recipe.schema import Recipe
from t5tune.run.directory import RUNS, RunDirectory, find_directory, next_free_path
from t5tune.run.manifest import find_missing, read_fact
from t5tune.training.checkpoints.resuming import (
    RECIPE,
    find_unsafe_changes,
    fingerprint_recipe,
    has_trained,
    recorded_recipe,
)


@dataclass(frozen=True)
class ChosenRun:
    """The run that a command begins or continues."""

    run: RunDirectory  # new, or to be continued
    recipe: Recipe  # what the run began with, if nothing is changed
    note: str | None = None  # reason for this one of several runs of the recipe


def choose_run(
    recipe: str | Path | Mapping[str, Any] | Recipe,
    overrides: Sequence[str | Override],
    output_dir: Path | None,
    *,
    restart: bool,
) -> ChosenRun:
    """Return the run that `t5tune train NAME KEY=VALUE …` begins or continues.

    A recipe may be given by its file or name, by a run, or by the `recipe.yaml` of a run. A restart
    begins a new run beside the one that would be continued.

    Raises:
        T5TuneError: The recipe or run does not exist or cannot be read.
    """
    if isinstance(recipe, Mapping | Recipe):
        built = build_recipe(recipe, overrides, for_training=True)
        return _choose_run_of(built, output_dir, restart=restart)
    name = os.fspath(recipe)
    named = find_named_run(name)
    elsewhere = output_dir is not None and named and output_dir.resolve() != named.path.resolve()
    if named is None or elsewhere:
        origin = name if named is None else named.recipe
        loaded = load_recipe(origin, overrides, for_training=True)
        return _choose_run_of(loaded, output_dir, restart=restart)
    recorded = _recipe_of(named)
    if Path(name).is_file():
        _warn_of_edits(named, recorded)
    changed = change_recipe(recorded, overrides, named.recipe, for_training=True)
    if restart:
        return ChosenRun(RunDirectory(next_free_path(_first_of_series(named, changed))), changed)
    return ChosenRun(named, changed)


def _choose_run_of(recipe: Recipe, output_dir: Path | None, *, restart: bool) -> ChosenRun:
    """Return the run that a recipe begins or continues."""
    path = output_dir or RUNS / recipe.name
    if restart:
        return ChosenRun(RunDirectory(next_free_path(path)), recipe)
    if output_dir is None:
        return _find_run_of(recipe)
    return _continued(RunDirectory(path), recipe)


def find_named_run(name: str) -> RunDirectory | None:
    """Return the run that a name means where a recipe is expected; None if it means a recipe.

    The directory of a run and the recipe inside it mean the run. A name without a slash means a
    file or a recipe that ships first, then a run in the current directory or under `runs/`.
    """
    path = Path(name)
    try:
        is_file = path.is_file()
    except OSError:  # a name longer than the file system allows
        return None
    if is_file and path.name == RunDirectory(path.parent).recipe.name:
        path = path.parent
    elif is_file or is_shipped(name):
        return None
    else:
        path = find_directory(name) or path
    run = RunDirectory(path)
    # A `recipe.yaml` alone need not belong to a run.
    has_begun = run.environment.is_file() or (run.is_run and run.checkpoints.is_dir())
    return run if has_begun else None


def _recipe_of(run: RunDirectory) -> Recipe:
    """Return the recipe that a run began with.

    Raises:
        T5TuneError: The recipe is not known.
    """
    recorded = recorded_recipe(run)
    if recorded is None:
        recipe = shlex.quote(str(run.recipe)) if run.is_run else "RECIPE"
        command = f"t5tune train {recipe} --output-dir {shlex.quote(f'{run.path}-2')}"
        raise refuse_unknown_recipe(run, command)
    return recorded


def _warn_of_edits(run: RunDirectory, recorded: Recipe) -> None:
    """Warn that a run keeps its first recipe, if its `recipe.yaml` has been edited."""
    given = recorded.model_dump()
    edits = []
    for key in differing_keys(recorded, load_recipe(run.recipe)):
        value: Any = given
        for part in key.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        # Resolving replaces what was left out, "auto", branches, and numbers above that of steps.
        if value not in (None, "auto") and not key.endswith(("revision", "eval_steps")):
            edits.append(key)
    if edits:
        say(
            f"{run.recipe} differs from the recipe that this run started with "
            f"({', '.join(edits)}); the run keeps "
            "its own recipe, and changes go on the command line"
        )


def refuse_unknown_recipe(run: RunDirectory, next_command: str) -> T5TuneError:
    """Return the error for a run whose recipe is unknown."""
    return T5TuneError(
        f"{run.environment} is missing or damaged, so the recipe that {run.path} started with "
        "is unknown.",
        next_command=next_command,
    )


def _continued(run: RunDirectory, recipe: Recipe, note: str | None = None) -> ChosenRun:
    """Use the recipe that the run began with if its `recipe.yaml` was named.

    That file has every default written out, and so differs without meaning anything else.
    """
    own = recorded_recipe(run) if _is_resolved_of(run, recipe) else None
    return ChosenRun(run, own or recipe, note)


def _is_resolved_of(run: RunDirectory, recipe: Recipe) -> bool:
    try:
        return run.is_run and not differing_keys(load_recipe(run.recipe), recipe)
    except T5TuneError:  # damaged: it is written again
        return False


@dataclass(frozen=True)
class _Relation:
    """Relation of a run to a recipe; the run with the greatest one is continued."""

    run: RunDirectory
    is_exact: bool  # nothing that was trained would change
    is_finished: bool
    last_start: int  # in nanoseconds

    @property
    def rank(self) -> tuple[bool, bool, int]:
        return (self.is_exact, not self.is_finished, self.last_start)


def _find_run_of(recipe: Recipe) -> ChosenRun:
    """Return the run under `runs/` that a recipe continues; docs/runs.md has all cases."""
    first = RunDirectory(RUNS / recipe.name)
    series = _list_series(first.path)
    standings = [s for run in series if (s := _compare(run, recipe)) is not None]
    if standings:
        best = max(standings, key=lambda standing: standing.rank)
        note = None
        if len(standings) > 1:
            state = "finished" if best.is_finished else "unfinished"
            alike = [s for s in standings if s.is_finished == best.is_finished]
            newest = f"the newest {state} one" if len(alike) > 1 else f"the {state} one"
            note = f"{newest} of {len(standings)} runs of this recipe"
        return _continued(best.run, recipe, note)
    # Nothing to continue: the run with the fewest differing keys is named in the error.
    others = [run for run in series if has_trained(run)]
    if not has_trained(first) or not others:
        return _continued(first, recipe)
    return ChosenRun(min(others, key=lambda run: _count_differences(run, recipe)), recipe)


def _list_series(first: Path) -> list[RunDirectory]:
    """Return a run and those that `--restart` has started beside it."""
    pattern = re.compile(re.escape(first.name) + r"(?:-[1-9][0-9]*)?\Z")
    siblings = sorted(first.parent.iterdir()) if first.parent.is_dir() else []
    return [RunDirectory(p) for p in siblings if pattern.match(p.name) and p.is_dir()]


def _compare(run: RunDirectory, recipe: Recipe) -> _Relation | None:
    """Return how a run relates to a recipe; None for the run of another recipe."""
    recorded = recorded_recipe(run)
    if recorded is None:
        return None
    if _is_resolved_of(run, recipe):
        recipe = recorded
    if find_unsafe_changes(recorded, recipe):
        return None
    return _Relation(
        run,
        is_exact=fingerprint_recipe(recorded) == fingerprint_recipe(recipe),
        is_finished=is_finished(run, recorded),
        last_start=run.environment.stat().st_mtime_ns,
    )


def is_finished(run: RunDirectory, recorded: Recipe) -> bool:
    """Return whether a run is finished, by names and sizes alone, since there may be many runs."""
    split = "test" if recorded.data.test is not None else "validation"
    if not run.has_model or find_missing(run.model) is not None:
        return False
    is_own = read_fact(run.model, RECIPE) == fingerprint_recipe(recorded)
    return is_own and run.report(split).is_file()


def _count_differences(run: RunDirectory, recipe: Recipe) -> tuple[bool, int]:
    recorded = recorded_recipe(run)
    return (recorded is None, 0 if recorded is None else len(differing_keys(recorded, recipe)))


def _first_of_series(run: RunDirectory, recipe: Recipe) -> Path:
    """Return the directory whose name a new run beside this one takes, with a number."""
    path = run.path if run.path.name else run.path.resolve()
    is_numbered = re.fullmatch(re.escape(recipe.name) + "-[1-9][0-9]*", path.name)
    return path.with_name(recipe.name) if is_numbered else path

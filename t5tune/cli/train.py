"""`t5tune train`: from a recipe to a model and a report."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from t5tune.recipe.schema import Recipe
    from t5tune.run_directory import RunDirectory


def train(
    recipe: Annotated[str, typer.Argument(help="A recipe file, or the name of a shipped one.")],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE]...", help="Changes, as in training.learning_rate=3e-4"),
    ] = None,
    output_dir: Annotated[
        Path | None, typer.Option(help="The run directory; runs/NAME if left out.")
    ] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Start a new run beside one that is there.")
    ] = False,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the report as JSON on stdout.")
    ] = False,
) -> None:
    """Train a model; the same command again continues a run that was interrupted."""
    from t5tune.recipe.loading import load_recipe
    from t5tune.run_directory import RUNS, RunDirectory, next_free_path
    from t5tune.run_lock import lock_run

    loaded = load_recipe(recipe, overrides or [])
    path = output_dir or RUNS / loaded.name
    if restart:
        path = next_free_path(path)
    run = RunDirectory(path)
    _check_directory(run)
    own_place = ["--output-dir", str(output_dir)] if output_dir else []
    command = shlex.join(["t5tune", "train", recipe, *(overrides or []), *own_place])
    with lock_run(run):
        loaded = _as_begun(loaded, run)
        _check_recipe(loaded, run, command)
        typer.echo(f"run: {run.path}", err=True)
        _train(loaded, run, command, json_output)


def _check_directory(run: RunDirectory) -> None:
    """Refuse a directory that holds something else than a run."""
    from t5tune.errors import T5TuneError

    if run.path.exists() and not run.path.is_dir():
        raise T5TuneError(
            f"{run.path} is a file, not a directory.", next_command="--output-dir ANOTHER"
        )
    if run.path.is_dir() and any(run.path.iterdir()):
        known = (run.recipe, run.environment, run.checkpoints, run.lock)
        if not any(path.exists() for path in known):
            raise T5TuneError(
                f"{run.path} holds files but no run; t5tune writes only into directories of "
                "its own.",
                next_command="--output-dir ANOTHER",
            )


def _as_begun(recipe: Recipe, run: RunDirectory) -> Recipe:
    """The recipe that a run was begun with, if the run's own `recipe.yaml` was named.

    That one has every default written out, and so differs from it without meaning anything else.
    """
    from t5tune.errors import T5TuneError
    from t5tune.recipe.loading import differing_keys, load_recipe
    from t5tune.training.resuming import recorded_recipe

    try:
        is_own = run.is_run and not differing_keys(load_recipe(run.recipe), recipe)
    except T5TuneError:  # damaged: it is written anew
        is_own = False
    return (recorded_recipe(run) or recipe) if is_own else recipe


def _check_recipe(recipe: Recipe, run: RunDirectory, command: str) -> None:
    """Refuse to continue another recipe's run; say what differs where it does no harm.

    Raises:
        T5TuneError: With the keys that differ.
    """
    from t5tune.errors import T5TuneError
    from t5tune.training.resuming import (
        describe_changes,
        find_unsafe_changes,
        has_trained,
        recorded_recipe,
    )

    if not has_trained(run):
        return
    restart = f"{command} --restart   # trains in a new directory beside it"
    recorded = recorded_recipe(run)
    if recorded is None:
        raise T5TuneError(
            f"{run.environment} is missing or damaged: which recipe {run.path} was begun with "
            "cannot be told.",
            next_command=restart,
        )
    if unsafe := find_unsafe_changes(recorded, recipe):
        raise T5TuneError(
            f"{run.path} holds the run of another recipe; these keys differ: {', '.join(unsafe)}.",
            next_command=restart,
        )
    if changes := describe_changes(recorded, recipe):
        typer.echo(f"recipe: {changes}", err=True)


def _train(recipe: Recipe, run: RunDirectory, command: str, json_output: bool) -> None:
    from t5tune.training.resuming import has_model_of

    split = "test" if recipe.data.test is not None else "validation"
    if has_model_of(run, recipe) and run.report(split).is_file():
        typer.echo(f"this run is finished: {run.path}", err=True)
        typer.echo(f"try: t5tune eval {run.path}   # or {command} --restart", err=True)
        if json_output:
            typer.echo(run.report(split).read_text(encoding="utf-8"), nl=False)
        return
    from t5tune.cli.results import print_result
    from t5tune.training.session import train as run_session

    result = run_session(recipe, run)
    if result.stopped_by is not None:
        typer.echo("stopped; a checkpoint is saved", err=True)
        typer.echo(f"try: {command}   # continues", err=True)
        raise typer.Exit(128 + result.stopped_by)
    assert result.report is not None
    print_result(result.report, as_json=json_output)
    typer.echo(f'try: t5tune translate --model {run.path} "text"', err=True)

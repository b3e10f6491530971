"""`t5tune.train`: choose a run, check and lock it, then train it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from t5tune.console import say
from t5tune.distributed.processes import broadcast_result, is_main_process, joined
from t5tune.distributed.torch_import import importing_torch
from t5tune.errors import T5TuneError
from t5tune.files.json_values import read_object
from t5tune.models.permission import Permission, permission_of, permitting
from t5tune.recipe.loading import differing_keys
from t5tune.recipe.overrides import Override, read_keywords
from t5tune.recipe.resolve import choose_metrics
from t5tune.recipe.schema import Recipe
from t5tune.reporting.reports.stored_report import read_report
from t5tune.reporting.tried_settings import format_changes, is_tried
from t5tune.run.directory import RunDirectory
from t5tune.run.failure import recording_failure
from t5tune.run.lock import lock_run
from t5tune.scoring.metrics.evaluate_loading import check_foreign_metrics
from t5tune.training.checkpoints.resuming import (
    describe_changes,
    find_unsafe_changes,
    has_model_of,
    has_trained,
    recorded_recipe,
    with_values_of,
)
from t5tune.training.garbage import leaving_out_existing_objects
from t5tune.training.preparation.inputs import check_inputs, check_prerequisites
from t5tune.training.preparation.run_choice import choose_run, refuse_unknown_recipe
from t5tune.training.result import TrainingResult


def train(
    recipe: str | Path | Mapping[str, Any] | Recipe,
    /,
    *changes: str,
    output_dir: str | Path | None = None,
    restart: bool = False,
    allow_code: bool = False,
    options: Sequence[str] = (),
    **overrides: Any,
) -> TrainingResult:
    """Train a model, evaluate and export it, as `t5tune train` does.

    The same call again continues an interrupted run, and returns the report of a finished one.
    Every process that a launcher has started calls this.

    Args:
        recipe: A recipe file, the name of a recipe that ships, a run to continue, a dictionary with
            the sections of a recipe, or a `Recipe`. Relative paths of data in a dictionary
            start at the current directory.
        changes: Changes to the recipe, as typed: `training.learning_rate=3e-4`.
        output_dir: Run directory; `runs/NAME` if left out.
        restart: Whether to begin a new run beside an existing one.
        allow_code: Whether metrics named `evaluate:NAME`, and a model whose recipe has
            `trust_remote_code: true`, may run Python code of others.
        options: Options of the command line, such as `--num-processes 2`, for the record of the
            command and for commands in messages.
        overrides: Changes to the recipe by keyword: `training={"max_steps": 10}` changes the keys
            that it names and leaves the others; so does a dotted key, as in
            `**{"training.max_steps": 10}`. None restores the default of a key. They are checked as
            on the command line.

    Returns:
        The run, and the report of its test split (of its validation split if there is no test).

    Raises:
        ReportNotWritten: Everything is done except for writing the report, which the error holds.
        T5TuneError: The recipe, its data or its model cannot be trained.
    """
    request = TrainingRequest(
        recipe,
        (*changes, *read_keywords(overrides)),
        None if output_dir is None else Path(output_dir),
        restart,
        tuple(options),
    )
    command = request.command
    with joined(), ExitStack() as stack:
        prepared = broadcast_result(lambda: prepare_run(request, stack, allow_code=allow_code))
        if prepared.stored_report is not None:
            if is_main_process():
                _say_finished(prepared, command)
            report = read_report(prepared.stored_report)
            return TrainingResult(prepared.run, report, stored_report=prepared.stored_report)
        with importing_torch():
            from t5tune.training.session import train as run_session

        if is_main_process():
            stack.enter_context(recording_failure(prepared.run))
        with leaving_out_existing_objects(), permitting(prepared.permission):
            return run_session(
                prepared.recipe, prepared.run, allow_code=allow_code, command=command
            )


@dataclass(frozen=True)
class TrainingRequest:
    """Arguments that identify the run; see `train`."""

    recipe: str | Path | Mapping[str, Any] | Recipe
    overrides: tuple[str | Override, ...] = ()
    output_dir: Path | None = None
    restart: bool = False
    options: tuple[str, ...] = ()

    @property
    def command(self) -> str | None:
        """Command for the same run, without `--restart`; None for a recipe not in a file."""
        if isinstance(self.recipe, Mapping | Recipe):
            return None
        changes = [one if isinstance(one, str) else one.text for one in self.overrides]
        directory = ["--output-dir", str(self.output_dir)] if self.output_dir else []
        words = ["t5tune", "train", os.fspath(self.recipe), *changes, *directory, *self.options]
        return shlex.join(words)


@dataclass(frozen=True)
class PreparedRun:
    """A run that is locked and may be trained."""

    recipe: Recipe  # recipe that the run began with
    run: RunDirectory  # run directory
    permission: Permission  # for the model
    stored_report: Path | None  # report of the run, if there is nothing left to do
    # Decoding and scoring settings that differ from those of the finished run.
    tried: tuple[str, ...] = ()


def prepare_run(request: TrainingRequest, stack: ExitStack, *, allow_code: bool) -> PreparedRun:
    """Read the recipe and lock the run directory until the stack ends.

    Raises:
        T5TuneError: Either cannot be used, or they do not belong together.
    """
    chosen = choose_run(
        request.recipe, request.overrides, request.output_dir, restart=request.restart
    )
    recipe, run = chosen.recipe, chosen.run
    check_foreign_metrics(choose_metrics(recipe), allow_code=allow_code)
    permission = permission_of(recipe.model, allow_code=allow_code)
    check_prerequisites(recipe)
    _check_directory(run)
    recipe, tried = _set_aside(recipe, run)
    has_model = has_model_of(run, recipe)
    if not has_model:
        check_inputs(recipe)
    stack.enter_context(lock_run(run))
    _check_recipe(recipe, run, _restart(request.command))
    note = f" ({chosen.note})" if chosen.note else ""
    say(f"run: {run.path}{note}")
    report = run.report("test" if recipe.data.test is not None else "validation")
    is_reported = "scores" in read_object(report)  # a damaged report is written again
    stored = report if has_model and is_reported else None
    return PreparedRun(recipe, run, permission, stored, tried)


def _restart(command: str | None) -> str:
    return "the same call with restart=True" if command is None else f"{command} --restart"


def _say_finished(prepared: PreparedRun, command: str | None) -> None:
    say(f"this run is finished: {prepared.run.path}")
    allowing = ["--allow-code"] if prepared.recipe.runs_code else []
    words = ["t5tune", "eval", str(prepared.run.path), *prepared.tried, *allowing]
    if prepared.tried:
        settings = ", ".join(prepared.tried)
        say(f"its model and its report stay as they are, without {settings}")
        say(f"try: {shlex.join(words)}   # uses these settings, and keeps the stored report")
    else:
        say(f"try: {shlex.join(words)}   # or {_restart(command)}")


def _check_directory(run: RunDirectory) -> None:
    """Refuse a directory that holds anything but a run."""
    if run.path.exists() and not run.path.is_dir():
        raise T5TuneError(
            f"{run.path} is a file, not a directory.", next_command="--output-dir ANOTHER"
        )
    if run.path.is_dir() and any(run.path.iterdir()) and not run.is_begun:
        raise T5TuneError(
            f"{run.path} holds files but is not a run; t5tune writes only into "
            "directories of its own.",
            next_command="--output-dir ANOTHER",
        )


def _set_aside(recipe: Recipe, run: RunDirectory) -> tuple[Recipe, tuple[str, ...]]:
    """Return the recipe with a finished run's decoding and scoring, and the changes to them.

    Such changes affect nothing that was trained: `t5tune eval` tries them.
    """
    recorded = recorded_recipe(run)
    if recorded is None:
        return recipe, ()
    keys = list(filter(is_tried, differing_keys(recorded, recipe)))
    try:
        reset = with_values_of(recorded, keys, recipe)
    except ValidationError:
        return recipe, ()
    if not keys or not has_model_of(run, reset):
        return recipe, ()
    return reset, tuple(format_changes(recipe, keys))


def _check_recipe(recipe: Recipe, run: RunDirectory, restart: str) -> None:
    """Refuse to continue the run of another recipe, and name harmless differences.

    Raises:
        T5TuneError: The recipes differ; the message has the keys.
    """
    if not has_trained(run):
        return
    restart += "   # trains in a new directory beside it"
    recorded = recorded_recipe(run)
    if recorded is None:
        raise refuse_unknown_recipe(run, restart)
    if unsafe := find_unsafe_changes(recorded, recipe):
        raise T5TuneError(
            f"{run.path} holds the run of another recipe; these keys differ: {', '.join(unsafe)}.",
            next_command=restart,
        )
    if changes := describe_changes(recorded, recipe):
        say(f"recipe: {changes}")

"""`t5tune train`: from a recipe to a model and a report."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from t5tune.cli.completion import complete_change, complete_recipe
from t5tune.cli.foreign_metrics import AllowCode, repeating_with_allow_code
from t5tune.cli.process_options import (
    MachineRank,
    MainProcess,
    NumMachines,
    NumProcesses,
    launch_if_asked,
)
from t5tune.cli.results import print_data
from t5tune.console import say, track
from t5tune.distributed.processes import from_first, is_first, joined
from t5tune.distributed.worker import is_launched

if TYPE_CHECKING:
    from t5tune.recipe.schema import Recipe
    from t5tune.run.directory import RunDirectory


def train(
    recipe: Annotated[
        str,
        typer.Argument(
            help="A recipe file, the name of a shipped one, or a run to continue.",
            autocompletion=complete_recipe,
        ),
    ],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEY=VALUE]...",
            help="Changes, as in training.learning_rate=3e-4",
            autocompletion=complete_change,
        ),
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
    num_processes: NumProcesses = "1",
    num_machines: NumMachines = 1,
    machine_rank: MachineRank = 0,
    main_process: MainProcess = None,
    allow_code: AllowCode = False,
) -> None:
    """Train a model; the same command again continues a run that was interrupted.

    In several processes the run is the same as in one. torchrun, accelerate launch and Slurm's
    srun are recognised without the options.
    """
    from t5tune.training.run_choice import choose_run

    typed = _Typed(recipe, tuple(overrides or ()), output_dir, restart)
    if num_processes != "1" and not is_launched():
        # Mistakes are found before anything is started.
        choose_run(typed.name, typed.overrides, output_dir, restart=restart)
    launch_if_asked(num_processes, num_machines, machine_rank, main_process)
    options: list[str] = []
    for name, value, default in (
        ("--num-processes", num_processes, "1"),
        ("--num-machines", num_machines, 1),
        ("--machine-rank", machine_rank, 0),
        ("--main-process", main_process, None),
    ):
        options += [name, str(value)] if value != default else []
    options += ["--allow-code"] if allow_code else []
    with joined():
        code = _train(typed, options, json_output, allow_code)
    if code:
        raise typer.Exit(code)


@dataclass(frozen=True)
class _Typed:
    """What says which run is meant."""

    name: str
    overrides: tuple[str, ...]
    output_dir: Path | None
    restart: bool

    def command(self, options: Sequence[str]) -> str:
        """The same again, `--restart` left out."""
        directory = ["--output-dir", str(self.output_dir)] if self.output_dir else []
        return shlex.join(["t5tune", "train", self.name, *self.overrides, *directory, *options])


def _train(typed: _Typed, options: Sequence[str], json_output: bool, allow_code: bool) -> int:
    """The whole command, in each of the processes; returns the exit code."""
    with ExitStack() as stack:
        begun = from_first(lambda: _begin(typed, options, allow_code, stack))
        if begun.finished is not None:
            if is_first():
                _say_finished(begun, typed.command(options), json_output)
            return 0
        from t5tune.cli.results import print_result, printing_what_is_not_written
        from t5tune.run.directory import continuing_command

        with track("importing PyTorch and Transformers"):
            from t5tune.training.session import train as run_session

        command = typed.command(options)
        with printing_what_is_not_written(as_json=json_output):
            result = run_session(begun.recipe, begun.run, allow_code=allow_code, command=command)
    if result.stopped_by is not None:
        if is_first():
            say("stopped; a checkpoint is saved")
            again = continuing_command(begun.run, [*options, *(["--json"] * json_output)])
            say(f"try: {again}   # continues")
        return 128 + result.stopped_by
    assert result.report is not None
    if is_first():
        print_result(result.report, as_json=json_output)
        say(f'try: t5tune translate --model {shlex.quote(str(begun.run.path))} "text"')
    return 0


@dataclass(frozen=True)
class _Begun:
    """What the command is about.

    Attributes:
        recipe: As the run was begun with.
        run: Where to.
        finished: The report of the run, if there is nothing left to do.
        tried: Settings of decoding and scoring that are not those of the finished run.
    """

    recipe: Recipe
    run: RunDirectory
    finished: Path | None
    tried: tuple[str, ...] = ()


def _begin(typed: _Typed, options: Sequence[str], allow_code: bool, stack: ExitStack) -> _Begun:
    """Read the recipe and take the run directory, whose lock is held until the stack ends."""
    from t5tune.files.json_values import read_object
    from t5tune.recipe.resolve import choose_metrics
    from t5tune.run.lock import lock_run
    from t5tune.scoring.metrics.evaluate_loading import check_foreign_metrics
    from t5tune.training.checkpoints.resuming import has_model_of
    from t5tune.training.inputs import check_inputs
    from t5tune.training.prerequisites import check_prerequisites
    from t5tune.training.run_choice import choose_run

    chosen = choose_run(typed.name, typed.overrides, typed.output_dir, restart=typed.restart)
    recipe, run = chosen.recipe, chosen.run
    with repeating_with_allow_code():
        check_foreign_metrics(choose_metrics(recipe), allow_code=allow_code)
    check_prerequisites(recipe)
    _check_directory(run)
    recipe, tried = _set_aside(recipe, run)
    has_model = has_model_of(run, recipe)
    if not has_model:
        check_inputs(recipe)
    stack.enter_context(lock_run(run))
    _check_recipe(recipe, run, typed.command(options))
    note = f" ({chosen.note})" if chosen.note else ""
    say(f"run: {run.path}{note}")
    report = run.report("test" if recipe.data.test is not None else "validation")
    is_reported = "scores" in read_object(report)  # a damaged one is written again
    finished = report if has_model and is_reported else None
    return _Begun(recipe, run, finished, tried)


def _say_finished(begun: _Begun, command: str, json_output: bool) -> None:
    from t5tune.recipe.resolve import choose_metrics
    from t5tune.scoring.registry import is_evaluate_metric

    assert begun.finished is not None
    say(f"this run is finished: {begun.run.path}")
    runs_code = any(map(is_evaluate_metric, choose_metrics(begun.recipe)))
    allowing = ["--allow-code"] if runs_code else []
    evaluate = shlex.join(["t5tune", "eval", str(begun.run.path), *begun.tried, *allowing])
    if begun.tried:
        settings = ", ".join(begun.tried)
        say(f"its model and its report stay as they are, without {settings}")
        say(f"try: {evaluate}   # decodes so, and reports beside the stored report")
    else:
        say(f"try: {evaluate}   # or {command} --restart")
    if json_output:
        print_data(begun.finished.read_text(encoding="utf-8"), end="")


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


def _set_aside(recipe: Recipe, run: RunDirectory) -> tuple[Recipe, tuple[str, ...]]:
    """The recipe as a finished run decodes and scores, and what the user wanted otherwise.

    Such settings change nothing that was trained: `t5tune eval` tries them.
    """
    from pydantic import ValidationError

    from t5tune.cli.tried_settings import format_changes, is_tried
    from t5tune.recipe.loading import differing_keys
    from t5tune.training.checkpoints.resuming import has_model_of, recorded_recipe, with_values_of

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


def _check_recipe(recipe: Recipe, run: RunDirectory, command: str) -> None:
    """Refuse to continue another recipe's run; say what differs where it does no harm.

    Raises:
        T5TuneError: With the keys that differ.
    """
    from t5tune.errors import T5TuneError
    from t5tune.training.checkpoints.resuming import (
        describe_changes,
        find_unsafe_changes,
        has_trained,
        recorded_recipe,
    )
    from t5tune.training.run_choice import refuse_unknown_recipe

    if not has_trained(run):
        return
    restart = f"{command} --restart   # trains in a new directory beside it"
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

"""`t5tune train`: from a recipe to a model and a report."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from t5tune.cli.completion import complete_recipe
from t5tune.cli.process_options import (
    MachineRank,
    MainProcess,
    NumMachines,
    NumProcesses,
    launch_if_asked,
)
from t5tune.cli.results import print_data, print_result, printing_what_is_not_written
from t5tune.cli.shared_options import AllowCode, RecipeChanges, proposing_permission
from t5tune.console import say
from t5tune.distributed.processes import is_main_process, joined
from t5tune.run.directory import continuing_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from t5tune.training.result import TrainingResult


def train(
    recipe: Annotated[
        str,
        typer.Argument(
            help="A recipe file, the name of a shipped recipe, or a run to continue.",
            autocompletion=complete_recipe,
        ),
    ],
    overrides: RecipeChanges = None,
    output_dir: Annotated[
        Path | None, typer.Option(help="Run directory; runs/NAME if left out.")
    ] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Start a new run beside an existing one.")
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

    Several processes give the same run as one. torchrun, accelerate launch and Slurm's
    srun are recognised without the options.
    """
    import t5tune

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
        with proposing_permission(trains=True), printing_what_is_not_written(as_json=json_output):
            result = t5tune.train(
                recipe,
                *(overrides or []),
                output_dir=output_dir,
                restart=restart,
                allow_code=allow_code,
                options=options,
            )
        if is_main_process():
            _print(result, [*options, *(["--json"] * json_output)], as_json=json_output)
    if result.stopped_by is not None:
        raise typer.Exit(128 + result.stopped_by)


def _print(result: TrainingResult, options: Sequence[str], *, as_json: bool) -> None:
    """Print the report; only its JSON for a run that was finished before."""
    if result.stopped_by is not None:
        say("stopped; a checkpoint is saved")
        say(f"try: {continuing_command(result.run, options)}   # continues")
    elif result.stored_report is not None:
        if as_json:
            print_data(result.stored_report.read_text(encoding="utf-8"), end="")
    elif result.report is not None:
        print_result(result.report, as_json=as_json)
        say(f'try: t5tune translate --model {shlex.quote(str(result.run.path))} "text"')

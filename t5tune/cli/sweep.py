"""`t5tune sweep`: the same recipe with several values of its keys, and what they amount to."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from t5tune.cli.completion import complete_change
from t5tune.cli.process_options import check_number
from t5tune.cli.results import print_data, print_result_table
from t5tune.cli.shared_options import (
    AllowCode,
    AsTable,
    JsonOutput,
    RecipeToRead,
    refuse_two_forms,
)
from t5tune.console import say
from t5tune.errors import T5TuneError


def sweep(
    recipe: RecipeToRead,
    changes: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEY=A,B,C]...",
            help="Values of keys, such as training.learning_rate=1e-4,3e-4; a single value is a "
            "change for all trainings.",
            autocompletion=complete_change,
        ),
    ] = None,
    seeds: Annotated[
        int, typer.Option(min=1, help="Number of seeds for each combination of values.")
    ] = 1,
    random: Annotated[
        int | None,
        typer.Option(
            "--random",
            min=1,
            help="Draw this number of combinations; ranges such as 1e-5..1e-3 are allowed then.",
        ),
    ] = None,
    random_seed: Annotated[int, typer.Option(min=0, help="Seed of that draw.")] = 0,
    jobs: Annotated[int, typer.Option(min=1, help="Number of trainings at the same time.")] = 1,
    num_processes: Annotated[
        str,
        typer.Option(
            metavar="N",
            help="Number of processes of each training; auto means one on each of its GPUs.",
        ),
    ] = "1",
    output_dir: Annotated[
        Path | None, typer.Option(help="Directory of the runs; runs/NAME-sweep if left out.")
    ] = None,
    json_output: JsonOutput = False,
    form: AsTable = None,
    allow_code: AllowCode = False,
) -> None:
    """Train a recipe with every combination of values, and compare the results.

    The same command again continues: finished trainings are not repeated. The best combination is
    chosen by its validation score; the test set is evaluated and never used to choose.
    """
    from t5tune.experiments.sweeps.sweep_plan import SweepRequest
    from t5tune.experiments.sweeps.sweep_session import run_sweep

    refuse_two_forms(as_json=json_output, form=form)
    request = SweepRequest(recipe, tuple(changes or ()), seeds, random, random_seed, output_dir)
    check_number(num_processes)
    result = run_sweep(
        request,
        num_jobs=jobs,
        num_processes=num_processes,
        options=["--allow-code"] * allow_code,
    )
    again = shlex.join(["t5tune", *sys.argv[1:]])
    if json_output:
        import json

        print_data(json.dumps(result.to_json(), ensure_ascii=False, indent=2))
    elif result.arms:
        print_result_table(result.to_table(), form)
    if result.stopped_by is not None:
        say("stopped; what was training has a checkpoint")
        say(f"try: {again}   # continues")
        raise typer.Exit(128 + result.stopped_by)
    if result.num_failed:
        failed = [one for one in result.outcomes if one.failure is not None]
        lines = [f"{one.training.name}: {one.failure}" for one in failed]
        raise T5TuneError(
            "\n".join([f"{len(failed)} of {len(result.outcomes)} trainings failed:", *lines]),
            next_command=f"{again}   # tries them again",
        )

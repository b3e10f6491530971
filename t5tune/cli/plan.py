"""`t5tune plan`: what a training will do and what it takes, without training."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from t5tune.cli.results import print_data, print_text
from t5tune.cli.shared_options import (
    AllowModelCode,
    RecipeChanges,
    RecipeToRead,
    proposing_permission,
)


def plan(
    recipe: RecipeToRead,
    overrides: RecipeChanges = None,
    measure: Annotated[
        bool,
        typer.Option("--measure", help="Train a few steps, and predict memory and time from them."),
    ] = False,
    output_dir: Annotated[
        Path | None,
        typer.Option(help="Run directory of the training, whose disk is looked at; runs/NAME."),
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
    allow_code: AllowModelCode = False,
) -> None:
    """Show what a training will do: choices, steps, tokens, downloads, disk, memory and time.

    Everything is prepared as by t5tune train, which refuses the same recipes. Weights are not
    downloaded.
    """
    import json

    from t5tune.distributed.torch_import import importing_torch
    from t5tune.models.permission import permission_of, permitting
    from t5tune.recipe.loading import load_recipe
    from t5tune.run.directory import RUNS, RunDirectory
    from t5tune.training.garbage import leaving_out_existing_objects
    from t5tune.training.preparation.inputs import check_inputs, check_prerequisites

    loaded = load_recipe(recipe, overrides or [], for_training=True)
    check_prerequisites(loaded)
    check_inputs(loaded)
    with proposing_permission():
        permission = permission_of(loaded.model, allow_code=allow_code)
    with importing_torch():
        from t5tune.training.planning.plan_text import format_plan, print_plan
        from t5tune.training.planning.planning import plan_recipe

    run = RunDirectory(output_dir or RUNS / loaded.name)
    with leaving_out_existing_objects(), permitting(permission):
        planned = plan_recipe(loaded, run, measures=measure)
    if json_output:
        print_data(json.dumps(planned.to_json(), ensure_ascii=False, indent=2))
    elif sys.stdout.isatty():
        print_plan(planned)
    else:
        for line in format_plan(planned):
            print_text(line)

"""`t5tune prepare`: the tokens of a recipe's training data, before training."""

from __future__ import annotations

from typing import Annotated

import typer

from t5tune.cli.results import print_data, print_text
from t5tune.cli.shared_options import (
    AllowModelCode,
    RecipeChanges,
    RecipeToRead,
    proposing_permission,
)


def prepare(
    recipe: RecipeToRead,
    overrides: RecipeChanges = None,
    executor: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="What cleans and tokenizes: local is the cores of this machine, ray those of a "
            "Ray cluster.",
        ),
    ] = "local",
    address: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Address of the cluster, HOST:6379 on one of its machines and ray://HOST:10001 "
            "elsewhere; RAY_ADDRESS or this machine's own if left out.",
        ),
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
    allow_code: AllowModelCode = False,
) -> None:
    """Clean and tokenize training data into the cache, where t5tune train finds it.

    Training finds it with the same changes only. This needs no GPU and loads no weights. A cluster
    makes the same files as this machine alone.
    """
    import json
    from dataclasses import asdict

    from t5tune.data.executors.chosen_executor import executing_on
    from t5tune.models.permission import permission_of, permitting
    from t5tune.recipe.loading import load_recipe
    from t5tune.training.preparation.inputs import check_inputs

    loaded = load_recipe(recipe, overrides or [], for_training=True)
    check_inputs(loaded)
    with proposing_permission():
        permission = permission_of(loaded.model, allow_code=allow_code)
    with permitting(permission), executing_on(executor, address):
        from t5tune.training.preparation.prepared_data import prepare_data

        entries = prepare_data(loaded)
    if json_output:
        rows = [{**asdict(entry), "directory": str(entry.directory)} for entry in entries]
        print_data(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for entry in entries:
        print_text(
            f"{entry.key}: {entry.num_examples:,} of {entry.num_read:,} examples, "
            f"{entry.num_bytes / 1e6:,.1f} MB in {entry.directory}"
        )

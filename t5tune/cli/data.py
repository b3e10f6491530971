"""`t5tune data`: what is in the data of a recipe, as training would see it."""

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


def data(
    recipe: RecipeToRead,
    overrides: RecipeChanges = None,
    rows: Annotated[
        int,
        typer.Option(
            min=0, help="Number of examples of each entry whose tokens are counted; 0 for all."
        ),
    ] = 100_000,
    json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
    output_dir: Annotated[
        Path | None,
        typer.Option(help="Directory for data.html (a web page with plots) and data.json."),
    ] = None,
    allow_code: AllowModelCode = False,
) -> None:
    """Show what training would see: sizes, lengths, lost characters, leaks, encoded examples.

    Also what cleaning leaves out, how entries are mixed, and what augmentation makes of examples.
    No model is needed but its tokenizer.
    """
    from t5tune.console import say
    from t5tune.models.permission import permission_of, permitting
    from t5tune.recipe.loading import load_recipe
    from t5tune.reporting.overviews.overview_files import format_json, write_overview
    from t5tune.reporting.overviews.overview_text import format_overview, print_overview
    from t5tune.training.preparation.inputs import check_inputs
    from t5tune.training.preview.data_preview import preview_data

    loaded = load_recipe(recipe, overrides or [], for_training=True)
    check_inputs(loaded)
    with proposing_permission():
        permission = permission_of(loaded.model, allow_code=allow_code)
    with permitting(permission):
        overview = preview_data(loaded, rows or None)
    if json_output:
        print_data(format_json(overview))
    elif sys.stdout.isatty():
        print_overview(overview)
    else:
        for line in format_overview(overview):
            print_text(line)
    if output_dir is not None:
        write_overview(overview, output_dir)
    elif sys.stdout.isatty():
        say("--output-dir DIR writes all of this as a web page with plots, and as JSON")

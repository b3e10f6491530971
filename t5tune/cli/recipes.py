"""`t5tune recipes`: list, show and copy the shipped recipes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from t5tune.cli.completion import complete_shipped
from t5tune.cli.results import print_data, print_text
from t5tune.console import say

app = typer.Typer(help="List, show or copy the shipped recipes.", no_args_is_help=True)


@app.command(name="list")
def list_(
    json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List the shipped recipes."""
    import json

    from t5tune.recipe.catalog import list_recipes

    entries = list_recipes()
    if json_output:
        rows = [
            {"name": e.name, "task": e.task, "model": e.model, "summary": e.summary}
            for e in entries
        ]
        print_data(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    name_width = max(len(entry.name) for entry in entries)
    task_width = max(len(entry.task) for entry in entries)
    for entry in entries:
        print_text(f"{entry.name:{name_width}}  {entry.task:{task_width}}  {entry.summary}")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Name of a recipe.", autocompletion=complete_shipped)],
) -> None:
    """Print a recipe."""
    from t5tune.recipe.catalog import recipe_text

    print_data(recipe_text(name), end="")


@app.command()
def copy(
    name: Annotated[str, typer.Argument(help="Name of a recipe.", autocompletion=complete_shipped)],
    file: Annotated[
        Path | None,
        typer.Argument(help="A file ending in .yaml, or a directory; the current one if left out."),
    ] = None,
) -> None:
    """Copy a recipe and the data beside it, for editing."""
    from t5tune.recipe.catalog import copy_recipe

    written = copy_recipe(name, file)
    for path in written:
        print_text(str(path))
    say(f"try: t5tune train {written[0]}")

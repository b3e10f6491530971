"""`t5tune import`: a recipe for a command line of another program."""

from __future__ import annotations

from typing import Annotated

import typer

from t5tune.cli.results import print_data
from t5tune.console import say

# Everything after the script's name is the script's, options too.
AS_THEY_ARE = {"ignore_unknown_options": True, "allow_interspersed_args": False}


def import_command(
    script: Annotated[
        str, typer.Argument(help="run_translation or run_summarization, Transformers' examples.")
    ],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="ARGUMENTS…", help="Its arguments, or the JSON file with them."),
    ] = None,
) -> None:
    """Print the recipe for a command line of another program; what it leaves out is on stderr.

    For example: t5tune import run_translation --model_name_or_path t5-small … > my.yaml
    """
    from t5tune.recipe.imported_flags import import_command as import_arguments

    imported = import_arguments(script, arguments or [])
    for flag, reason in imported.left_out.items():
        say(f"left out: --{flag}: {reason}")
    for note in imported.notes:
        say(note)
    print_data(imported.text, end="")

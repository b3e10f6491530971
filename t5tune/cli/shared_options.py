"""Arguments and options that several commands share, and the command that allows something."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Literal

import typer

from t5tune.cli.completion import (
    complete_change,
    complete_engine,
    complete_recipe,
    complete_run,
)
from t5tune.errors import NotAllowed

MODEL_HELP = "A run, a model directory or a hub id; the newest run if left out."
Model = Annotated[str | None, typer.Argument(help=MODEL_HELP, autocompletion=complete_run)]
SourceLang = Annotated[
    str | None,
    typer.Option(
        help="Source language, if the model has several directions or, not being a run, needs it."
    ),
]
TargetLang = Annotated[
    str | None,
    typer.Option(
        help="Target language, if the model has several directions or, not being a run, needs it."
    ),
]
RecipeToRead = Annotated[
    str,
    typer.Argument(
        help="A recipe file, or the name of a shipped recipe.", autocompletion=complete_recipe
    ),
]
RecipeChanges = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[KEY=VALUE]...",
        help="Changes to the recipe, such as data.max_source_length=64.",
        autocompletion=complete_change,
    ),
]
Engine = Annotated[
    str,
    typer.Option(
        help="auto, torch, torch-bf16, ctranslate2 or one export such as ctranslate2-int8.",
        autocompletion=complete_engine,
    ),
]
Prefix = Annotated[
    str | None,
    typer.Option(
        help="Prefix of every source, for a model that is not a run; '' if the texts have one."
    ),
]
AllowCode = Annotated[
    bool,
    typer.Option(
        "--allow-code",
        help="Run the Python code of others that this needs: metrics named evaluate:NAME, and a "
        "model whose recipe has trust_remote_code: true.",
    ),
]
AllowModelCode = Annotated[
    bool,
    typer.Option("--allow-code", help="Run the Python code that the model brings along."),
]
AllowPickle = Annotated[
    bool,
    typer.Option(
        "--allow-pickle",
        help="Read weights that a model from elsewhere has only as a pickle, once, into the cache.",
    ),
]
FinishedRun = Annotated[
    str | None,
    typer.Argument(help="A run; the newest finished one if left out.", autocompletion=complete_run),
]
JsonReport = Annotated[
    bool, typer.Option("--json", help="Print the report as JSON, as in report.json.")
]
JsonOutput = Annotated[bool, typer.Option("--json", help="Print as JSON.")]
AsTable = Annotated[
    Literal["markdown", "latex", "csv"] | None,
    typer.Option("--format", help="Print a table for a paper or a spreadsheet."),
]
Lowercase = Annotated[bool, typer.Option("--lowercase", help="Ignore case.")]


def refuse_two_forms(*, as_json: bool, form: str | None) -> None:
    """Refuse `--json` together with `--format`, as wrong usage."""
    if as_json and form is not None:
        raise typer.BadParameter(f"--json and --format {form} exclude each other")


@contextmanager
def proposing_permission(*, trains: bool = False) -> Iterator[None]:
    """Propose the same command with the words that allow what it was not told to do."""
    try:
        yield
    except NotAllowed as error:
        words = error.training_words if trains else [error.option]
        missing = [word for word in words if word not in sys.argv]
        error.next_command = shlex.join(["t5tune", *sys.argv[1:], *missing])
        raise

"""Arguments and options that several commands share, and the command that adds `--allow-code`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from t5tune.cli.completion import complete_run

MODEL_HELP = "A run, a model directory or a hub id; the newest run if left out."
Model = Annotated[str | None, typer.Argument(help=MODEL_HELP, autocompletion=complete_run)]
SourceLang = Annotated[
    str | None, typer.Option(help="Source language, if the model needs it and is not a run.")
]
TargetLang = Annotated[
    str | None, typer.Option(help="Target language, if the model needs it and is not a run.")
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
        help="Load metrics named evaluate:NAME, which runs Python code from the hub or a script.",
    ),
]
FinishedRun = Annotated[
    str | None,
    typer.Argument(help="A run; the newest finished one if left out.", autocompletion=complete_run),
]
JsonReport = Annotated[
    bool, typer.Option("--json", help="Print the report as JSON, as in report.json.")
]
Lowercase = Annotated[bool, typer.Option("--lowercase", help="Ignore case.")]


@contextmanager
def repeating_with_allow_code() -> Iterator[None]:
    """Propose the same command with `--allow-code` where a metric would run foreign code."""
    from t5tune.scoring.metrics.evaluate_loading import CodeNotAllowed

    try:
        yield
    except CodeNotAllowed as error:
        error.next_command = shlex.join(["t5tune", *sys.argv[1:], "--allow-code"])
        raise

"""`--allow-code`: the option, and the command that adds it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

AllowCode = Annotated[
    bool,
    typer.Option(
        "--allow-code",
        help="Load metrics named evaluate:NAME, which runs Python code from the hub or a script.",
    ),
]


@contextmanager
def repeating_with_allow_code() -> Iterator[None]:
    """Propose the same command with `--allow-code` where a metric would run foreign code."""
    from t5tune.scoring.metrics.evaluate_loading import CodeNotAllowed

    try:
        yield
    except CodeNotAllowed as error:
        error.next_command = shlex.join(["t5tune", *sys.argv[1:], "--allow-code"])
        raise

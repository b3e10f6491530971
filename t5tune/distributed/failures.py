"""Finds out which of several processes failed first, and why."""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from t5tune.console import say
from t5tune.errors import T5TuneError, visible
from t5tune.files.json_values import read_object

FILE = "T5TUNE_FAILURE_FILE"  # environment variable: file where our launcher looks for a failure

# Messages of torch's backends when another process has ended; others raise a `DistError`.
_CONNECTION = ("gloo", "Connection closed by peer", "Connection reset by peer", "NCCL", "TCPStore")


class MainProcessFailed(Exception):  # noqa: N818 (the error is the main process's)
    """The main process has ended with a `T5TuneError`, so this one ends too."""


@dataclass(frozen=True)
class Failure:
    """Failure of the process of a rank."""

    rank: int
    text: str  # for people; a traceback for a bug
    time: float  # seconds since 1970
    is_sentence: bool = False  # whether it was a `T5TuneError`
    is_consequence: bool = False  # whether another process had failed before


def format_error(error: T5TuneError) -> str:
    """Return the two lines that a user sees."""
    following = f"\ntry: {error.next_command}" if error.next_command else ""
    return visible(f"error: {error.message}{following}")


def describe_failure(error: Exception, rank: int) -> Failure:
    """Describe an exception that ends a process."""
    is_sentence = isinstance(error, T5TuneError)
    is_consequence = (
        isinstance(error, MainProcessFailed)
        or "DistError" in {cls.__name__ for cls in type(error).__mro__}
        or (type(error) is RuntimeError and any(text in str(error) for text in _CONNECTION))
    )
    text = "".join(traceback.format_exception(error)).rstrip()
    if os.environ.get("T5TUNE_DEBUG") != "1":
        if isinstance(error, T5TuneError):
            text = format_error(error)
        elif is_consequence:
            text = "lost its connection to another process, which has ended"
    return Failure(rank, text, time.time(), is_sentence, is_consequence)


def end_with_failure(error: Exception, rank: int) -> NoReturn:
    """Report a failure to our launcher, or to the user under another one, and end at once.

    It bypasses the interpreter's exit, which torch's connections to other processes could block.
    """
    failure = describe_failure(error, rank)
    path = os.environ.get(FILE)
    if path is not None:
        temporary = Path(path + ".tmp")
        temporary.write_text(json.dumps(vars(failure)), encoding="utf-8")
        temporary.rename(path)
    elif not isinstance(error, MainProcessFailed):
        name = "" if rank == 0 and failure.is_sentence else f"process of rank {rank}: "
        say(f"{name}{failure.text}")
    leave(1)


def leave(code: int) -> NoReturn:
    """Flush what the process has printed, and end it."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    os._exit(code)


def read_failure(path: Path) -> Failure | None:
    """Return the failure that a process has recorded, if there is one."""
    content = read_object(path)
    with suppress(TypeError):
        if isinstance(content.get("text"), str) and isinstance(content.get("time"), float):
            return Failure(**content)
    return None


def find_cause(failures: list[Failure]) -> Failure:
    """Return the first failure; failures that follow from another one are considered last.

    If all processes found the same error, the message of rank 0 is the one to show: it alone
    knows what is on the disk.
    """
    return min(
        failures,
        key=lambda f: (f.is_consequence, not (f.is_sentence and f.rank == 0), f.time),
    )

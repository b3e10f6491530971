"""Which of several processes failed first, and what of."""

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

FILE = "T5TUNE_FAILURE_FILE"  # environment variable: where our launcher looks for a failure

# How torch's backends say that another process is gone.
_CONNECTION = ("gloo", "Connection closed by peer", "Connection reset by peer", "NCCL", "TCPStore")
_CONNECTION_TYPES = ("DistError", "DistBackendError", "DistNetworkError", "DistStoreError")


class FirstHasFailed(Exception):  # noqa: N818 (the error is the first process's)
    """The process of rank 0 has ended with a `T5TuneError`, and so does this one."""


@dataclass(frozen=True)
class Failure:
    """How one process ended.

    Attributes:
        rank: Of the process.
        text: For people; a traceback for a bug.
        time: In seconds since 1970.
        is_sentence: It was a `T5TuneError`.
        is_consequence: Another process had failed before.
    """

    rank: int
    text: str
    time: float
    is_sentence: bool = False
    is_consequence: bool = False


def format_error(error: T5TuneError) -> str:
    """The two lines that a user sees."""
    following = f"\ntry: {error.next_command}" if error.next_command else ""
    return visible(f"error: {error.message}{following}")


def describe_failure(error: Exception, rank: int) -> Failure:
    """What there is to say about an exception that ends a process."""
    is_sentence = isinstance(error, T5TuneError)
    is_consequence = isinstance(error, FirstHasFailed) or _is_lost_connection(error)
    if isinstance(error, T5TuneError) and os.environ.get("T5TUNE_DEBUG") != "1":
        text = format_error(error)
    elif is_consequence and os.environ.get("T5TUNE_DEBUG") != "1":
        text = "lost its connection to another process, which has ended"
    else:
        text = "".join(traceback.format_exception(error)).rstrip()
    return Failure(rank, text, time.time(), is_sentence, is_consequence)


def _is_lost_connection(error: BaseException) -> bool:
    names = {cls.__name__ for cls in type(error).__mro__}
    if names & set(_CONNECTION_TYPES):
        return True
    return type(error) is RuntimeError and any(text in str(error) for text in _CONNECTION)


def end_with_failure(error: Exception, rank: int) -> NoReturn:
    """Tell the launcher, or the user where it is not ours, and leave at once.

    Not through the interpreter's exit: what torch has open to the other processes could block it.
    """
    failure = describe_failure(error, rank)
    path = os.environ.get(FILE)
    if path is not None:
        temporary = Path(path + ".tmp")
        temporary.write_text(json.dumps(vars(failure)), encoding="utf-8")
        temporary.rename(path)
    elif not isinstance(error, FirstHasFailed):
        name = "" if rank == 0 and failure.is_sentence else f"process of rank {rank}: "
        say(f"{name}{failure.text}")
    leave(1)


def leave(code: int) -> NoReturn:
    """End the process with what it has printed."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    os._exit(code)


def read_failure(path: Path) -> Failure | None:
    """What a process has left, if it has."""
    content = read_object(path)
    if not isinstance(content.get("text"), str) or not isinstance(content.get("time"), float):
        return None
    try:
        return Failure(**content)
    except TypeError:
        return None


def find_cause(failures: list[Failure]) -> Failure:
    """The first one; those that failed because another one did come last.

    Where all processes found the same mistake, the sentence of rank 0 is the one to show: it
    alone knows what is on the disk.
    """
    return min(
        failures,
        key=lambda f: (f.is_consequence, not (f.is_sentence and f.rank == 0), f.time),
    )

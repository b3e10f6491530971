"""Why the training of a run ended with an error, for those who look at the run later."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime

from t5tune.errors import T5TuneError, shorten_reason
from t5tune.files.json_values import keep_texts, read_object
from t5tune.files.writing import NotWritten, write_text
from t5tune.run.directory import RunDirectory


@dataclass(frozen=True)
class Failure:
    """An error that ended a training.

    Attributes:
        when: Date and time.
        next_command: What the error suggested; empty if nothing.
    """

    message: str
    next_command: str
    when: str


@contextmanager
def recording_failure(run: RunDirectory) -> Iterator[None]:
    """Write the error that the block ends with into the run, and delete that of an earlier one."""
    with suppress(OSError):
        run.failure.unlink(missing_ok=True)
    try:
        yield
    except Exception as error:
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        failure = Failure(*describe_error(error), now)
        with suppress(OSError, NotWritten):
            write_text(run.failure, json.dumps(asdict(failure), ensure_ascii=False) + "\n")
        raise


def describe_error(error: Exception) -> tuple[str, str]:
    """Return the message of an error, and the command that it suggests."""
    if isinstance(error, T5TuneError):
        return error.message, error.next_command or ""
    return f"{type(error).__name__}: {shorten_reason(error)}", ""


def read_failure(run: RunDirectory) -> Failure | None:
    """Return the error that the last training of a run ended with, if it ended with one."""
    texts = keep_texts(read_object(run.failure))
    if "message" not in texts:
        return None
    return Failure(texts["message"], texts.get("next_command", ""), texts.get("when", ""))

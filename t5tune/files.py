"""Files that appear complete or not at all, and that are read even when they are damaged."""

from __future__ import annotations

import errno
import json
import math
import os
import re
import shlex
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from t5tune.errors import T5TuneError


class NotWritten(T5TuneError):  # noqa: N818 (the sentence says that it is an error)
    """A file could not be written; its old content is still there."""


# Errors of the system about files that cannot be written, and about nothing else that we do.
UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
_OS_ERROR = re.compile(r"os error (\d+)")  # how libraries written in Rust name the number


def refuse_writing(path: Path | str, number: int) -> NotWritten:
    """Return the error about a file, or a directory, that cannot be written.

    Args:
        path: The file or directory.
        number: Number of the system's error (`errno`).
    """
    directory = shlex.quote(str(Path(path).parent))
    is_full = number in (errno.ENOSPC, errno.EDQUOT)
    advice = (
        f"df -h {directory}   # then free space and type the same command again"
        if is_full
        else f"ls -ld {directory}   # the same command again where it can be written"
    )
    return NotWritten(f"{path} could not be written: {os.strerror(number)}.", next_command=advice)


def find_error_number(error: BaseException | None) -> int | None:
    """Return the system's number of an error or of its cause, whatever library raised it."""
    while error is not None:
        if isinstance(error, OSError) and error.errno is not None:
            return error.errno
        if match := _OS_ERROR.search(str(error)):
            return int(match[1])
        error = error.__cause__ or error.__context__
    return None


def write_text(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old content or the new, never a part.

    Raises:
        NotWritten: The file cannot be written.
    """
    write_texts({path: text})


def write_texts(texts: Mapping[Path, str]) -> None:
    """Write files that belong together: all of them, or none if one cannot be written.

    Args:
        texts: Contents by path; directories are made.

    Raises:
        NotWritten: A file cannot be written; the first one is named.
    """
    # Two commands may write the same report at once: each has files of its own.
    temporary = {path: path.with_name(f"{path.name}.{os.getpid()}.tmp") for path in texts}
    path = Path()
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with temporary[path].open("w", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())  # or a power cut leaves an empty file under the name
        for path in texts:
            os.replace(temporary[path], path)
    except BaseException as error:
        for left in temporary.values():
            with suppress(OSError):
                left.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno is not None:
            raise refuse_writing(path, error.errno) from error
        raise


def parse_json(text: str) -> Any:
    """Return a JSON value.

    Raises:
        ValueError: The text is not JSON, or nested deeper than Python can read.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deep") from None


def read_object(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file; an empty one if there is none, or only a damaged one."""
    try:
        return as_object(parse_json(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def as_object(value: Any) -> dict[str, Any]:
    """Return the value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_count(value: Any) -> int | None:
    """Return the value if it is a whole number that can be a count, else None."""
    return value if type(value) is int and value >= 0 else None


def keep_texts(values: Any) -> dict[str, str]:
    """Return the entries of a JSON object whose values are texts; none if it is not an object."""
    return {key: value for key, value in as_object(values).items() if isinstance(value, str)}


def read_log(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a run's log; damaged ones are left out."""
    if not path.is_file():
        return []
    lines = []
    for text in path.read_text(encoding="utf-8", errors="replace").split("\n"):
        with suppress(ValueError):
            line = as_object(parse_json(text))
            if _is_log_line(line):
                lines.append(line)
    return lines


def _is_log_line(line: dict[str, Any]) -> bool:
    seconds = line.get("elapsed_seconds")
    counts = (line.get("step"), line.get("batch_limit", 0))
    return (
        None not in map(as_count, counts)
        and isinstance(seconds, int | float)
        and 0 <= seconds < math.inf
    )

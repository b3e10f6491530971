"""Files that appear whole or not at all, and are read whatever has become of them."""

from __future__ import annotations

import json
import math
import os
from contextlib import suppress
from pathlib import Path
from typing import Any


def write_text(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old content or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Two commands may write the same report at once: each has a file of its own.
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())  # or a power cut leaves an empty file under the name
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def parse_json(text: str) -> Any:
    """A JSON value.

    Raises:
        ValueError: It is none, or nested deeper than Python can read.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deep") from None


def read_object(path: Path) -> dict[str, Any]:
    """The object of a JSON file; an empty one where it is missing, damaged or something else."""
    try:
        return as_object(parse_json(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def as_object(value: Any) -> dict[str, Any]:
    """The value if it is an object of JSON, else an empty one."""
    return value if isinstance(value, dict) else {}


def read_log(path: Path) -> list[dict[str, Any]]:
    """The lines of a run's log; what a crash or a bad disk has made of others is left out."""
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
        all(type(count) is int and count >= 0 for count in counts)
        and isinstance(seconds, int | float)
        and 0 <= seconds < math.inf
    )

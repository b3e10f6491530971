"""Reading of JSON from files that may be missing or damaged."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from pathlib import Path
from typing import Any


def parse_json(text: str) -> Any:
    """Return the value that a JSON text holds.

    Raises:
        ValueError: The text is not JSON, or is nested more deeply than Python can read.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def read_object(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file; an empty one if it is missing or damaged."""
    try:
        return as_object(parse_json(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def as_object(value: Any) -> dict[str, Any]:
    """Return the value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_count(value: Any) -> int | None:
    """Return the value if it is a whole number that counts something, else None."""
    return value if type(value) is int and value >= 0 else None


def keep_texts(values: Any) -> dict[str, str]:
    """Return the entries of a JSON object whose values are texts; none of any other value."""
    return {key: value for key, value in as_object(values).items() if isinstance(value, str)}


def read_log(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a run's log, without those that a crash or a bad disk has spoiled."""
    if not path.is_file():
        return []
    texts = path.read_text(encoding="utf-8", errors="replace").split("\n")
    return [line for text in texts if (line := parse_log_line(text)) is not None]


def parse_log_line(text: str) -> dict[str, Any] | None:
    """Return one line of a run's log; None where a crash or a bad disk has spoiled it."""
    with suppress(ValueError):
        line = as_object(parse_json(text))
        return line if _is_log_line(line) else None
    return None


def _is_log_line(line: dict[str, Any]) -> bool:
    seconds = line.get("elapsed_seconds")
    counts = (line.get("step"), line.get("batch_limit", 0))
    return (
        None not in map(as_count, counts)
        and isinstance(seconds, int | float)
        and 0 <= seconds < math.inf
    )

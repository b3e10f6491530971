"""Files that appear whole or not at all, and are read whatever has become of them."""

from __future__ import annotations

import json
import os
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


def read_object(path: Path) -> dict[str, Any]:
    """The object of a JSON file; an empty one where it is missing, damaged or no object."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):  # the last one from deep nesting
        return {}
    return content if isinstance(content, dict) else {}


def read_log(path: Path) -> list[dict[str, Any]]:
    """The lines of a run's log; what a crash or a bad disk has made of others is left out."""
    lines = []
    if path.is_file():
        for text in path.read_text(encoding="utf-8", errors="replace").split("\n"):
            try:
                line = json.loads(text)
                is_line = line["step"] >= 0 and line["elapsed_seconds"] >= 0
            except (ValueError, TypeError, KeyError, RecursionError):
                continue
            if is_line:
                lines.append(line)
    return lines

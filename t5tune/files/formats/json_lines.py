"""JSON lines: one object on each line, whose names are the columns."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from t5tune.errors import T5TuneError
from t5tune.files.file_format import MOST_CHARACTERS, FileFormat
from t5tune.files.json_objects import parse_exact_json
from t5tune.files.table import Row, Table, show_line
from t5tune.files.text_streams import open_lines, open_text


def open_json_lines(path: Path, _columns: list[str] | None = None) -> Table:
    """Return the objects of a file as rows; blank lines are skipped."""
    lines = open_lines(path)

    def read() -> Iterator[tuple[int, Row]]:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                place = f"{path}, line {number}"
                value = parse_exact_json(line, place, show_line(path, number))
                if not isinstance(value, dict):
                    raise T5TuneError(
                        f"{place} is not a JSON object.", next_command=show_line(path, number)
                    )
                yield number, value

    first = next(read(), None)
    return Table(str(path), list(first[1]) if first else [], read, "line", lines.num_lines)


def read_columns(path: Path) -> list[str] | None:
    """Return the names of the first object, as `FileFormat.read_columns` does."""
    with open_text(path, newline="\n") as stream:
        lines = iter(lambda: stream.readline(MOST_CHARACTERS), "")
        line = next((line for line in lines if line.strip()), None)
    if line is None:
        return []
    try:
        return name_keys(json.loads(line))
    except ValueError:
        return None


def name_keys(value: Any) -> list[str] | None:
    """Return the names of an object; None for any other value, and for one without names."""
    return list(value) or None if isinstance(value, dict) else None


FORMAT = FileFormat(
    "jsonl", (".jsonl", ".ndjson"), open_json_lines, read_columns,
    library_format="json",
)  # fmt: skip

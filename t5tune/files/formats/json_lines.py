"""JSON lines: one object on each line, whose names are the columns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from t5tune.errors import T5TuneError
from t5tune.files.file_format import MOST_CHARACTERS, FileFormat, FileOptions
from t5tune.files.json_objects import parse_exact_json
from t5tune.files.table import BadRow, Row, Table, show_line
from t5tune.files.text_streams import open_lines, open_text

_MOST_LOOKED_AT = 100  # objects, for the names of columns


def open_json_lines(path: Path, options: FileOptions) -> Table:
    """Return the objects of a file as rows; blank lines are skipped."""
    lines = open_lines(path, options.encoding)

    def read() -> Iterator[tuple[int, Row | BadRow]]:
        return (
            (number, _read_row(line, path, number))
            for number, line in enumerate(lines, start=1)
            if line.strip()
        )

    rows = [row for _, row in islice(read(), _MOST_LOOKED_AT) if not isinstance(row, BadRow)]
    return Table(str(path), _join_names(rows), read, "line", lines.num_lines)


def _read_row(line: str, path: Path, number: int) -> Row | BadRow:
    place, look = f"{path}, line {number}", show_line(path, number)
    try:
        value = parse_exact_json(line, place, look)
    except T5TuneError as error:
        return BadRow(error.message, next_command=look)
    if isinstance(value, dict):
        return value
    return BadRow(f"{place} is not a JSON object.", next_command=look)


def read_columns(path: Path, options: FileOptions) -> list[str] | None:
    """Return the names of the first objects, as `FileFormat.read_columns` does."""
    with open_text(path, options.encoding, newline="\n") as stream:
        lines = iter(lambda: stream.readline(MOST_CHARACTERS), "")
        first = list(islice(filter(str.strip, lines), _MOST_LOOKED_AT))
    if not first:
        return []
    rows = []
    for line in first:
        try:
            rows.append(json.loads(line))
        except ValueError:
            if not rows:
                return None
    return _join_names([row for row in rows if isinstance(row, dict)]) or None


def _join_names(rows: Iterable[Row]) -> list[str]:
    """Return the names of all rows: an object may lack one whose value is empty."""
    return list({name: None for row in rows for name in row})


def name_keys(value: Any) -> list[str] | None:
    """Return the names of an object; None for any other value, and for one without names."""
    return list(value) or None if isinstance(value, dict) else None


FORMAT = FileFormat(
    "jsonl", (".jsonl", ".ndjson"), open_json_lines, read_columns, ("encoding",),
    library_format="json",
)  # fmt: skip

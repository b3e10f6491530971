"""CSV: cells are separated by commas and quoted as in RFC 4180."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from t5tune.errors import T5TuneError
from t5tune.files.file_format import FileFormat
from t5tune.files.table import Table, name_columns, show_line
from t5tune.files.text_files import read_text


def _open(path: Path, columns: list[str] | None) -> Table:
    return name_columns(_read_rows(path), columns, path)


def _read_rows(path: Path) -> list[tuple[int, list[str]]]:
    """Return the cells of each row with the line on which it begins."""
    rows: list[tuple[int, list[str]]] = []
    begin = 1
    with _any_length():
        reader = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
        try:
            for row in reader:
                if row:
                    rows.append((begin, row))
                begin = reader.line_num + 1
        except csv.Error as error:
            raise T5TuneError(
                f"{path} is not readable as CSV: {error} in the row that begins on line {begin}.",
                next_command=show_line(path, begin),
            ) from error
    return rows


@contextmanager
def _any_length() -> Iterator[None]:
    """Let `csv` take fields of any length: a document has more than 131,072 characters."""
    limit = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def _read_columns(path: Path) -> list[str] | None:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        try:
            return next((row for row in csv.reader(stream, strict=True) if row), [])
        except csv.Error:
            return None


FORMAT = FileFormat("csv", (".csv",), _open, _read_columns)

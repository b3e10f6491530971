"""CSV: cells are separated by commas and quoted as in RFC 4180."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from t5tune.errors import T5TuneError
from t5tune.files.file_format import FileFormat
from t5tune.files.table import Table, name_columns, show_line
from t5tune.files.text_streams import open_text


def _open(path: Path, columns: list[str] | None) -> Table:
    return name_columns(lambda: _read_rows(path), columns, path)


def _read_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each row with the line on which it begins."""
    begin = 1
    with _any_length(), open_text(path) as stream:
        reader = csv.reader(stream, strict=True)
        try:
            for row in reader:
                if row:
                    yield begin, row
                begin = reader.line_num + 1
        except csv.Error as error:
            raise T5TuneError(
                f"{path} is not readable as CSV: {error} in the row that begins on line {begin}.",
                next_command=show_line(path, begin),
            ) from error


@contextmanager
def _any_length() -> Iterator[None]:
    """Let `csv` take fields of any length: a document has more than 131,072 characters."""
    limit = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def _read_columns(path: Path) -> list[str] | None:
    with open_text(path) as stream:
        try:
            return next((row for row in csv.reader(stream, strict=True) if row), [])
        except csv.Error:
            return None


FORMAT = FileFormat("csv", (".csv",), _open, _read_columns)

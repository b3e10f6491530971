"""CSV: cells are separated by commas or another character, and quoted as in RFC 4180."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from t5tune.errors import T5TuneError, visible
from t5tune.files.file_format import FileFormat, FileOptions
from t5tune.files.table import Table, check_delimiter, drop_titles, name_columns, show_line
from t5tune.files.text_streams import open_text


def _open(path: Path, options: FileOptions) -> Table:
    if len(options.delimiter or ",") > 1:
        raise T5TuneError(
            f"{path}: the delimiter {visible(options.delimiter or '', one_line=True)!r} has more "
            "than one character, which CSV cannot.",
            next_command="add `format: tsv` if quotation marks are text in this file",
        )

    def read() -> Iterator[tuple[int, list[str]]]:
        return drop_titles(_read_rows(path, options), options.skip_rows)

    check_delimiter(read(), options.delimiter or ",", options.columns, path)
    return name_columns(read, options.columns, path)


def _read_rows(path: Path, options: FileOptions) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each row with the line on which it begins."""
    begin = 1
    with _any_length(), open_text(path, options.encoding) as stream:
        reader = csv.reader(stream, strict=True, delimiter=options.delimiter or ",")
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


def _read_columns(path: Path, options: FileOptions) -> list[str] | None:
    delimiter = options.delimiter or ","
    if len(delimiter) > 1:
        return None
    with open_text(path, options.encoding) as stream:
        reader = csv.reader(stream, strict=True, delimiter=delimiter)
        try:
            rows = ((1, cells) for cells in reader if cells)
            _, cells = next(drop_titles(rows, options.skip_rows), (1, []))
        except csv.Error:
            return None
    if options.columns is None:
        check_delimiter(iter([(1, cells)]), delimiter, None, path)
    return cells


FORMAT = FileFormat("csv", (".csv",), _open, _read_columns, ("delimiter", "encoding", "skip_rows"))

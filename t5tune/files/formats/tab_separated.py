"""TSV: each line is a row, tabs separate cells, and quotes are text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from t5tune.files.file_format import MOST_CHARACTERS, FileFormat, FileOptions
from t5tune.files.table import Table, check_delimiter, name_columns
from t5tune.files.text_streams import open_lines, open_text


def _open(path: Path, options: FileOptions) -> Table:
    lines = open_lines(path, options.encoding)
    delimiter = options.delimiter or "\t"

    def read() -> Iterator[tuple[int, list[str]]]:
        return ((number, line.split(delimiter)) for number, line in enumerate(lines, start=1))

    check_delimiter(read(), delimiter, options.columns, path)
    return name_columns(read, options.columns, path, lines.num_lines)


def _read_columns(path: Path, options: FileOptions) -> list[str]:
    delimiter = options.delimiter or "\t"
    with open_text(path, options.encoding, newline="\n") as stream:
        line = stream.readline(MOST_CHARACTERS).rstrip("\n").removesuffix("\r")
    cells = line.split(delimiter)
    if options.columns is None:
        check_delimiter(iter([(1, cells)]), delimiter, None, path)
    return cells


FORMAT = FileFormat(
    "tsv", (".tsv",), _open, _read_columns, ("delimiter", "encoding"), library_format="csv"
)

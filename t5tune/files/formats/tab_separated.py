"""TSV: each line is a row, tabs separate cells, and quotes are text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from t5tune.files.file_format import MOST_CHARACTERS, FileFormat, FileOptions
from t5tune.files.table import Table, check_delimiter, drop_titles, name_columns
from t5tune.files.text_streams import open_lines, open_text


def _open(path: Path, options: FileOptions) -> Table:
    lines = open_lines(path, options.encoding)
    delimiter = options.delimiter or "\t"

    def read() -> Iterator[tuple[int, list[str]]]:
        rows = ((number, line.split(delimiter)) for number, line in enumerate(lines, start=1))
        return drop_titles(rows, options.skip_rows) if options.skip_rows else rows

    check_delimiter(read(), delimiter, options.columns, path)
    return name_columns(read, options.columns, path, lines.num_lines)


def _read_columns(path: Path, options: FileOptions) -> list[str]:
    delimiter = options.delimiter or "\t"
    with open_text(path, options.encoding, newline="\n") as stream:
        lines = iter(lambda: stream.readline(MOST_CHARACTERS), "")
        rows = ((1, line.rstrip("\n").removesuffix("\r").split(delimiter)) for line in lines)
        _, cells = next(drop_titles(rows, options.skip_rows), (1, [""]))
    if options.columns is None:
        check_delimiter(iter([(1, cells)]), delimiter, None, path)
    return cells


FORMAT = FileFormat(
    "tsv",
    (".tsv",),
    _open,
    _read_columns,
    ("delimiter", "encoding", "skip_rows"),
    library_format="csv",
)

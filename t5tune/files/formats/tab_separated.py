"""TSV: each line is a row, tabs separate cells, and quotes are text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from t5tune.files.file_format import MOST_CHARACTERS, FileFormat
from t5tune.files.table import Table, name_columns
from t5tune.files.text_streams import open_lines, open_text


def _open(path: Path, columns: list[str] | None) -> Table:
    lines = open_lines(path)

    def read() -> Iterator[tuple[int, list[str]]]:
        return ((number, line.split("\t")) for number, line in enumerate(lines, start=1))

    return name_columns(read, columns, path, lines.num_lines)


def _read_columns(path: Path) -> list[str]:
    with open_text(path, newline="\n") as stream:
        return stream.readline(MOST_CHARACTERS).rstrip("\n").removesuffix("\r").split("\t")


FORMAT = FileFormat("tsv", (".tsv",), _open, _read_columns, library_format="csv")

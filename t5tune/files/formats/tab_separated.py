"""TSV: each line is a row, tabs separate cells, and quotes are text."""

from __future__ import annotations

from pathlib import Path

from t5tune.files.file_format import MOST_CHARACTERS, FileFormat
from t5tune.files.table import Table, name_columns
from t5tune.files.text_files import read_lines


def _open(path: Path, columns: list[str] | None) -> Table:
    rows = [(number, line.split("\t")) for number, line in enumerate(read_lines(path), start=1)]
    return name_columns(rows, columns, path)


def _read_columns(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="\n") as stream:
        return stream.readline(MOST_CHARACTERS).rstrip("\n").removesuffix("\r").split("\t")


FORMAT = FileFormat("tsv", (".tsv",), _open, _read_columns, library_format="csv")

"""Plain text: each line is a row with the one column `text`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from t5tune.files.file_format import FileFormat, FileOptions
from t5tune.files.table import BadRow, Row, Table
from t5tune.files.text_streams import open_lines

_COLUMN = "text"  # as the library `datasets` names it


def _open(path: Path, options: FileOptions) -> Table:
    lines = open_lines(path, options.encoding)

    def read() -> Iterator[tuple[int, Row | BadRow]]:
        return ((number, {_COLUMN: line}) for number, line in enumerate(lines, start=1))

    return Table(str(path), [_COLUMN], read, "line", lines.num_lines)


def _read_columns(_path: Path, _options: FileOptions) -> list[str]:
    return [_COLUMN]


FORMAT = FileFormat("text", (".txt",), _open, _read_columns, ("encoding",))

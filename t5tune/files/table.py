"""Rows with named columns, whatever the format of their file, and errors of all formats."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from t5tune.errors import T5TuneError, list_names, visible

Row = dict[str, Any]


@dataclass(frozen=True)
class Table:
    """Rows with named columns.

    Attributes:
        place: Origin of the rows, for messages.
        columns: Names of the columns; those of the first row if each row names its own.
        unit: Unit that the number counts: "line" of a text file, or "row".
    """

    place: str
    columns: list[str]
    rows: Callable[[], Iterator[tuple[int, Row]]]
    unit: str = "row"
    num_rows: int | None = None

    def locate(self, number: int) -> str:
        """Return the place of a row, for messages."""
        return f"{self.place}, {self.unit} {number}"


def name_columns(
    read: Callable[[], Iterator[tuple[int, list[str]]]],
    columns: list[str] | None,
    path: Path,
    num_rows: int | None = None,
) -> Table:
    """Return rows of cells as a table: the first one is the header unless `columns` are given.

    Args:
        read: Function that iterates over the rows of the file, each with its line.
        columns: Names of the columns, if the file lacks them.
        path: Path of the file.
        num_rows: Number of rows of the file, with the header, if known.
    """
    first = next(read(), None)
    if first is None:
        return Table(str(path), [], lambda: iter(()), "line")
    names = columns or first[1]
    origin = "`columns` in the recipe" if columns else "the first line"
    refuse_repeated(names, str(path) if columns is None else origin, path)
    num_headers = 0 if columns else 1

    def read_rows() -> Iterator[tuple[int, Row]]:
        for number, row in islice(read(), num_headers, None):
            if len(row) != len(names):
                plural = "" if len(row) == 1 else "s"
                raise T5TuneError(
                    f"{path}, line {number} has {len(row)} column{plural}, but {origin} names "
                    f"{len(names)} ({list_names(names)}).",
                    next_command=show_line(path, number),
                )
            yield number, dict(zip(names, row, strict=True))

    num = None if num_rows is None else num_rows - num_headers
    return Table(str(path), list(names), read_rows, "line", num)


def refuse_repeated(names: Sequence[str], place: str, path: Path) -> None:
    """Refuse columns with the same name; any number of columns may have no name.

    Raises:
        T5TuneError: Two columns have the same name.
    """
    first: dict[str, int] = {}
    for number, name in enumerate(names, start=1):
        if name and name in first:
            raise T5TuneError(
                f"{place}: columns {first[name]} and {number} are both named "
                f"{visible(name, one_line=True)}.",
                next_command=f"rename one of the two   # head -n 1 {shlex.quote(str(path))}",
            )
        first.setdefault(name, number)


def show_line(path: Path, number: int) -> str:
    """Return the command that shows a line."""
    return f"sed -n {number}p {shlex.quote(str(path))}"

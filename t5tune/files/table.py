"""Rows with named columns, whatever the format of their file, and errors of all formats."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from t5tune.errors import T5TuneError, list_names, visible
from t5tune.files.wrong_setting import WrongSetting

Row = dict[str, Any]
_DELIMITERS = ("\t", ";", "|", ",")  # tried in this order where a row has one cell
_MOST_COMPARED = 20  # rows


class BadRow(T5TuneError):  # noqa: N818 (the sentence says that it is an error)
    """Error about one row; the others can be read."""


@dataclass(frozen=True)
class Table:
    """Rows with named columns.

    Attributes:
        place: Origin of the rows, for messages.
        columns: Names of the columns; those of the first row if each row names its own.
        rows: Function that iterates over all rows, with their numbers from 1; in place of a row
            that cannot be read it yields the error.
        pick: Function that iterates over the rows with only the fields of these names (columns, or
            paths into them with dots), if that is faster; it may yield more.
        remarks: Function that describes, after reading, what was left out.
        unit: Unit that the number counts: "line" of a text file, or "row".
    """

    place: str
    columns: list[str]
    rows: Callable[[], Iterator[tuple[int, Row | BadRow]]]
    unit: str = "row"
    num_rows: int | None = None
    pick: Callable[[Sequence[str]], Iterator[tuple[int, Row]]] | None = None
    remarks: Callable[[], list[str]] = list

    def locate(self, number: int) -> str:
        """Return the place of a row, for messages."""
        return f"{self.place}, {self.unit} {number}"


def drop_titles(
    rows: Iterator[tuple[int, list[str]]], num: int | None
) -> Iterator[tuple[int, list[str]]]:
    """Return rows of cells without the first ones.

    Args:
        rows: Rows with their lines.
        num: Number of rows that are dropped, not counting blank ones, which are dropped up to the
            first row that is kept; None for all to be kept.
    """
    left = num or 0
    is_begun = not left
    for number, cells in rows:
        if not is_begun and (left or not any(map(str.strip, cells))):
            left -= any(map(str.strip, cells))
            continue
        is_begun = True
        yield number, cells


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

    def read_rows() -> Iterator[tuple[int, Row | BadRow]]:
        for number, row in islice(read(), num_headers, None):
            if len(row) == len(names):
                yield number, dict(zip(names, row))  # noqa: B905 (their lengths are equal)
                continue
            plural = "" if len(row) == 1 else "s"
            yield (
                number,
                BadRow(
                    f"{path}, line {number} has {len(row)} column{plural}, but {origin} names "
                    f"{len(names)} ({list_names(names)}).",
                    next_command=show_line(path, number),
                ),
            )

    num = None if num_rows is None else num_rows - num_headers
    return Table(str(path), list(names), read_rows, "line", num)


def check_delimiter(
    rows: Iterator[tuple[int, list[str]]],
    delimiter: str,
    columns: list[str] | None,
    path: Path,
) -> None:
    """Refuse a file whose cells something else separates.

    Args:
        rows: Its rows, with their lines; only the first ones are looked at.
        delimiter: Text that separates cells.
        columns: Names of the columns, if the file lacks them.
        path: Path of the file.

    Raises:
        WrongSetting: Each row has one cell, and another delimiter makes columns of them.
    """
    first = [cells for _, cells in islice(rows, _MOST_COMPARED if columns else 1)]
    if not first or any(len(cells) != 1 for cells in first):
        return
    for other in _DELIMITERS:
        nums = {cells[0].count(other) + 1 for cells in first}
        if nums == {len(columns)} if columns else max(nums) > 1:
            written = repr(other)[1:-1]
            raise WrongSetting(
                f"{path} has one column if {_name_delimiter(delimiter)} separates them, and "
                f"{max(nums)} if {_name_delimiter(other)} does.",
                next_command=show_line(path, 1),
                key="delimiter",
                value=f'"{written}"' if other == "\t" else f"'{written}'",
            )


def _name_delimiter(delimiter: str) -> str:
    names = {"\t": "a tab", ",": "a comma", ";": "a semicolon", "|": "a vertical bar"}
    return names.get(delimiter, repr(delimiter))


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

"""Columns of tables: the cell to translate, and the cell of its translation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from t5tune.decoding.streaming.input_format import Entry, refuse_line
from t5tune.errors import T5TuneError, did_you_mean, list_names, visible
from t5tune.files.text_files import BOM, STDIN_NAME

if TYPE_CHECKING:
    from t5tune.decoding.streaming.lines import Line
    from t5tune.decoding.translator import Hypothesis

COLUMN = "--column NAME or --column 1"

_LINE_END = re.compile(r"\r?\n|\0")


@dataclass(frozen=True)
class Cell:
    """A cell of a row."""

    value: str  # text of the cell, without quotation marks around it
    start: int  # position in the row, as written, where it begins
    end: int  # position where it ends


class Dialect(Protocol):
    """A way to write cells."""

    separator: str

    def split(self, row: str) -> list[Cell]:
        """Return the cells of a row.

        Raises:
            ValueError: The row is not in this dialect.
        """
        ...

    def write(self, value: str, *, like: str = "") -> str:
        """Return a cell with this value, written like the one that it replaces."""
        ...


class ColumnsFormat:
    """A table: the translation fills a column, or becomes a new one.

    Columns are given by their number, counted from 1, or by their name in the first line.
    """

    def __init__(self, column: str, into: str, dialect: Dialect, name: str = STDIN_NAME) -> None:
        self.column = column
        self.into = into
        self.dialect = dialect
        self.name = name
        self.source_index = int(column) - 1 if _is_number(column) else None
        self.target_index = int(into) - 1 if _is_number(into) else None
        self.has_header = self.source_index is None
        if self.source_index == -1 or self.target_index == -1:
            raise T5TuneError("Columns are counted from 1.", next_command="--column 1")

    def parse(self, line: Line) -> Entry:
        """See `LineFormat.parse`."""
        cells = self._split(line)
        if self.source_index is None or (self.has_header and line.number == 1):
            self._read_header([cell.value for cell in cells])
            return Entry(line, "")
        if not line.text.strip():
            return Entry(line, "")
        # A translation can be appended right after the last cell if that column has no name.
        target = -1 if self.target_index is None else self.target_index
        needed = max(self.source_index, target if self.has_header else target - 1)
        if len(cells) <= needed:
            raise refuse_line(
                self.name, line.number, f"has no column {needed + 1}, but {len(cells)}"
            )
        # A line break within a cell would end the line for a model that reads lines.
        return Entry(line, _LINE_END.sub(" ", cells[self.source_index].value))

    def _split(self, line: Line) -> list[Cell]:
        start = len(BOM) if line.number == 1 and line.text.startswith(BOM) else 0
        try:
            cells = self.dialect.split(line.text[start:].removesuffix("\r"))
        except ValueError:
            raise refuse_line(
                self.name, line.number, "is not CSV: a quotation mark is not where a cell ends"
            ) from None
        return [Cell(cell.value, cell.start + start, cell.end + start) for cell in cells]

    def _read_header(self, names: Sequence[str]) -> None:
        for name in (self.column, self.into):
            if names.count(name) > 1:
                first = names.index(name)
                second = names.index(name, first + 1)
                raise T5TuneError(
                    f"{self.name}: columns {first + 1} and {second + 1} are both named "
                    f"{visible(name, one_line=True)}.",
                    next_command="rename one of the two, or use numbers and leave the first line "
                    "out",
                )
        if self.column not in names:
            raise T5TuneError(
                f"There is no column {self.column!r} in the first line of {self.name}, which names "
                f"{list_names(names)}{did_you_mean(self.column, names) or '.'}",
                next_command="--column NAME   # or a number, if the first line is not a header",
            )
        self.source_index = names.index(self.column)
        if self.into in names:
            self.target_index = names.index(self.into)

    def render(self, entry: Entry, hypotheses: Sequence[Hypothesis]) -> str:
        """See `LineFormat.render`."""
        body = entry.line.text.removesuffix("\r")
        end = entry.line.text[len(body) :] + "\n"
        is_header = self.has_header and entry.line.number == 1
        value = self.into if is_header else hypotheses[0].text if hypotheses else ""
        if not is_header and not body.strip():
            return body + end
        cells = self._split(entry.line)
        if self.target_index is None or self.target_index == len(cells):
            return f"{body}{self.dialect.separator}{self.dialect.write(value)}{end}"
        if hypotheses or is_header:
            cell = cells[self.target_index]
            written = self.dialect.write(value, like=body[cell.start : cell.end])
            body = body[: cell.start] + written + body[cell.end :]
        return body + end


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()

"""Columns of TSV and CSV: the cell to translate, and the cell of its translation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from t5tune.decoding.streaming.formats import Entry, refuse_line
from t5tune.decoding.streaming.lines import MAX_LINE_BYTES, Line
from t5tune.decoding.translator import Hypothesis
from t5tune.errors import T5TuneError, did_you_mean, list_names, visible
from t5tune.files.text_files import BOM, STDIN_NAME

_QUOTED = re.compile(r'"([^"]*(?:""[^"]*)*)"')
_NEEDS_QUOTES = re.compile(r'[",\r\n]|^\s|\s$')
_LINE_END = re.compile(r"\r?\n|\0")


@dataclass(frozen=True)
class Cell:
    """A cell of a row.

    Attributes:
        value: Text of the cell, without quotation marks around it.
        start: Position in the row, as written, where it begins.
        end: Position where it ends.
    """

    value: str
    start: int
    end: int


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


class Tsv:
    """Cells separated by tabs. A quotation mark is an ordinary character."""

    separator = "\t"

    def split(self, row: str) -> list[Cell]:
        """See `Dialect.split`."""
        cells = []
        start = 0
        for value in row.split("\t"):
            cells.append(Cell(value, start, start + len(value)))
            start += len(value) + 1
        return cells

    def write(self, value: str, *, like: str = "") -> str:
        """See `Dialect.write`."""
        return " ".join(value.split("\t"))


class Csv:
    """Cells separated by commas, in quotation marks where they hold commas (RFC 4180)."""

    separator = ","

    def split(self, row: str) -> list[Cell]:
        """See `Dialect.split`."""
        cells = []
        at = 0
        while True:
            if row.startswith('"', at):
                quoted = _QUOTED.match(row, at)
                if quoted is None or row[quoted.end() : quoted.end() + 1] not in ("", ","):
                    raise ValueError(row[at:])
                value, end = quoted[1].replace('""', '"'), quoted.end()
            else:
                end = row.find(",", at)
                end = len(row) if end < 0 else end
                value = row[at:end]
            cells.append(Cell(value, at, end))
            if end == len(row):
                return cells
            at = end + 1

    def write(self, value: str, *, like: str = "") -> str:
        """See `Dialect.write`."""
        if like.startswith('"') or _NEEDS_QUOTES.search(value):
            return '"' + value.replace('"', '""') + '"'
        return value

    def is_open(self, row: str) -> bool:
        """Return whether a cell begins with a quotation mark that is not closed yet."""
        at = 0
        while at < len(row):
            if row.startswith('"', at):
                quoted = _QUOTED.match(row, at)
                if quoted is None or row[quoted.end() : quoted.end() + 1] == '"':
                    return True
                at = quoted.end()
            comma = row.find(",", at)
            at = len(row) if comma < 0 else comma + 1
        return False


class RowJoiner:
    """Join the lines of a CSV row: a cell in quotation marks may hold line breaks.

    Args:
        name: Name of the input, for messages.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._pending: list[Line] = []
        self._num_characters = 0

    def join(self, lines: Iterable[Line]) -> Iterator[Line]:
        """Yield the rows that end in these lines, each under the number of its first line.

        Raises:
            T5TuneError: A row is longer than a line may be.
        """
        for line in lines:
            row = line
            if self._pending:
                self._add(line)
                if '"' not in line.text:
                    continue
                text = "\n".join(part.text for part in self._pending)
                row = Line(self._pending[0].number, text)
            if '"' in row.text and Csv().is_open(row.text.removeprefix(BOM)):
                if not self._pending:
                    self._add(line)
                continue
            self._pending, self._num_characters = [], 0
            yield row

    def _add(self, line: Line) -> None:
        self._pending.append(line)
        self._num_characters += len(line.text) + 1
        if self._num_characters > MAX_LINE_BYTES:
            self.end()

    def end(self) -> None:
        """Check that the last row is complete.

        Raises:
            T5TuneError: The last row is not complete.
        """
        if self._pending:
            number = self._pending[0].number
            raise refuse_line(
                self._name,
                number,
                "has a cell that begins with a quotation mark and has no other one at its end",
            )


class ColumnsFormat:
    """A table: the translation fills a column, or becomes a new one.

    Args:
        column: Column of the source: its number, counted from 1, or its name in the first line.
        into: Column of the translation, given likewise; appended if it does not exist.
        dialect: Dialect of the cells.
        name: Name of the input, for messages.
    """

    def __init__(
        self, column: str, into: str, dialect: Dialect | None = None, name: str = STDIN_NAME
    ) -> None:
        self.column = column
        self.into = into
        self.dialect = dialect or Tsv()
        self.name = name
        self.source_index = int(column) - 1 if _is_number(column) else None
        self.target_index = int(into) - 1 if _is_number(into) else None
        self.has_header = self.source_index is None
        if self.source_index == -1 or self.target_index == -1:
            raise T5TuneError("Columns are counted from 1.", next_command="--column 1")

    def parse(self, line: Line) -> Entry:
        """See `Format.parse`."""
        cells = self._split(line)
        if self.has_header and line.number == 1:
            self._read_header([cell.value for cell in cells])
            return Entry(line, "")
        assert self.source_index is not None
        if not line.text.strip():
            return Entry(line, "")
        # A translation can be appended right after the last cell if that column has no name.
        target = -1 if self.target_index is None else self.target_index
        needed = max(self.source_index, target if self.has_header else target - 1)
        if len(cells) <= needed:
            raise refuse_line(
                self.name, line.number, f"has no column {needed + 1}, but {len(cells)}"
            )
        # A line break within a cell would end the line of a model that reads lines.
        return Entry(line, _LINE_END.sub(" ", cells[self.source_index].value))

    def _split(self, line: Line) -> list[Cell]:
        start = self._start(line)
        try:
            cells = self.dialect.split(line.text[start:].removesuffix("\r"))
        except ValueError:
            raise refuse_line(
                self.name, line.number, "is not CSV: a quotation mark is not where a cell ends"
            ) from None
        return [Cell(cell.value, cell.start + start, cell.end + start) for cell in cells]

    def _start(self, line: Line) -> int:
        return len(BOM) if line.number == 1 and line.text.startswith(BOM) else 0

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
        """See `Format.render`."""
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

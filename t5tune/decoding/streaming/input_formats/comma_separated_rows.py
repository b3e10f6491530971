"""CSV: cells that commas separate, and rows of several lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from t5tune.decoding.streaming.column_format import COLUMN, Cell, ColumnsFormat
from t5tune.decoding.streaming.input_format import Entry, InputFormat, Layout, refuse_line
from t5tune.decoding.streaming.items import Lines
from t5tune.decoding.streaming.lines import (
    MAX_LINE_BYTES,
    FileFacts,
    Line,
    TextInput,
    split_into_lines,
)
from t5tune.files.text_files import BOM

_QUOTED = re.compile(r'"([^"]*(?:""[^"]*)*)"')
_NEEDS_QUOTES = re.compile(r'[",\r\n]|^\s|\s$')


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
    """Join the lines of a CSV row: a cell in quotation marks may hold line breaks."""

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


class Rows(Lines):
    """Input with one row on each line, or on several if a CSV cell has line breaks."""

    unit = "rows"

    def __init__(self, format_: ColumnsFormat, name: str) -> None:
        super().__init__(format_)
        self._name = name
        self._checked = RowJoiner(name)
        self._num_rows = 0

    def check(self, line: Line) -> None:
        for row in self._checked.join([line]):
            self.format.parse(row)
            self._num_rows += 1

    def end_check(self) -> None:
        self._checked.end()

    def read(self, source: TextInput) -> Iterator[list[Entry]]:
        joiner = RowJoiner(self._name)
        for lines in split_into_lines(source.read(), source.name):
            yield from self._parse(joiner.join(lines))
        joiner.end()

    def count(self, facts: FileFacts) -> int:
        return self._num_rows


def _build(layout: Layout, name: str, _: bool) -> Rows:
    return Rows(ColumnsFormat(layout.column or "", layout.into, Csv(), name), name)


FORMAT = InputFormat("csv", "cells with commas between", _build, endings=(".csv",), column=COLUMN)

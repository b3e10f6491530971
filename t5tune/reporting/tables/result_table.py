"""A table of results, and the forms in which it is printed."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from t5tune.errors import visible
from t5tune.reporting.markdown import escape
from t5tune.reporting.tables.latex_table import format_latex

TableFormat = Literal["markdown", "latex", "csv"]


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        is_number: Whether its cells are numbers, which stand at the right.
        forms: Where it appears: in all forms, in CSV alone (numbers with all digits, signatures),
            or everywhere but there (texts that would be taken apart again, such as intervals).
    """

    name: str
    is_number: bool = False
    forms: Literal["all", "csv", "text"] = "all"


@dataclass(frozen=True)
class ResultTable:
    """Rows of cells, and what has to be said about them.

    Attributes:
        rows: Texts, one for each column.
        notes: Sentences below the table; CSV has none.
        num_grouped: Number of columns at the beginning that tell one group of rows from the next.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    num_grouped: int = 0

    def without(self, form: Literal["csv", "text"]) -> ResultTable:
        """Return the table without the columns that are only for one kind of form."""
        kept = [i for i, column in enumerate(self.columns) if column.forms != form]
        return ResultTable(
            tuple(self.columns[i] for i in kept),
            tuple(tuple(row[i] for i in kept) for row in self.rows),
            self.notes,
            self.num_grouped,
        )

    def begins_group(self, number: int) -> bool:
        """Return whether another group begins with a row, counted from 0."""
        if not number or not self.num_grouped:
            return False
        before, row = self.rows[number - 1 : number + 1]
        return before[: self.num_grouped] != row[: self.num_grouped]


def format_table(table: ResultTable, form: TableFormat) -> str:
    """Return the text of a table, without the newline at its end."""
    if form == "csv":
        return _format_csv(table.without("text"))
    shown = table.without("csv")
    if form == "markdown":
        return _format_markdown(shown)
    starts = {number for number in range(len(shown.rows)) if shown.begins_group(number)}
    aligned = "".join("r" if column.is_number else "l" for column in shown.columns)
    return format_latex(aligned, [c.name for c in shown.columns], shown.rows, starts, shown.notes)


def format_plain(table: ResultTable) -> str:
    """Return lines with aligned columns, for files and pipes."""
    shown = table.without("csv")
    rows = [tuple(column.name for column in shown.columns), *shown.rows]
    rows = [tuple(visible(cell, one_line=True) for cell in row) for row in rows]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.rjust(width) if column.is_number else cell.ljust(width)
            for cell, width, column in zip(row, widths, shown.columns, strict=True)
        ).rstrip()
        for row in rows
    ]
    return "\n".join([*lines, *map(visible, shown.notes)])


def print_table(table: ResultTable, console: Console | None = None) -> None:
    """Print a table on a terminal, whose notes are dim."""
    shown = table.without("csv")
    drawn = Table(box=None, pad_edge=False, header_style="dim")
    for number, column in enumerate(shown.columns):
        style = None if number else "cyan"
        side: Literal["right", "left"] = "right" if column.is_number else "left"
        drawn.add_column(
            column.name, justify=side, style=style, no_wrap=column.is_number, overflow="fold"
        )
    for number, row in enumerate(shown.rows):
        if shown.begins_group(number):
            drawn.add_row()
        drawn.add_row(*(Text(visible(cell, one_line=True)) for cell in row))
    console = console or Console()
    console.print(drawn)
    for note in shown.notes:
        console.print(Text(visible(note), style="dim"))


def _format_markdown(table: ResultTable) -> str:
    header = " | ".join(escape(column.name) for column in table.columns)
    line = " | ".join("---:" if column.is_number else "---" for column in table.columns)
    rows = [" | ".join(map(escape, row)) for row in table.rows]
    text = "\n".join(f"| {one} |" for one in (header, line, *rows))
    return "\n\n".join([text, *map(escape, table.notes)])


def _format_csv(table: ResultTable) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([column.name for column in table.columns])
    writer.writerows(map(_as_values, table.rows))
    return stream.getvalue().rstrip("\n")


def _as_values(row: Sequence[str]) -> list[str]:
    """Return cells that a spreadsheet takes for texts and numbers, never for formulas."""
    return [f"'{cell}" if cell[:1] in "=@\t\r" and cell else cell for cell in row]

"""TSV: cells that tabs separate."""

from __future__ import annotations

from t5tune.decoding.streaming.column_format import COLUMN, Cell, ColumnsFormat
from t5tune.decoding.streaming.input_format import InputFormat, Layout
from t5tune.decoding.streaming.items import Lines


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


def _build(layout: Layout, name: str, _: bool) -> Lines:
    return Lines(ColumnsFormat(layout.column or "", layout.into, Tsv(), name))


FORMAT = InputFormat("tsv", "cells with tabs between", _build, endings=(".tsv",), column=COLUMN)

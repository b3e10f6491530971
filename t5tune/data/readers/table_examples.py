"""Examples from the columns of tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from t5tune.data.columns import ColumnReader, guess_columns
from t5tune.data.readers.open_splits import Example, OpenSplit, Request, describe_place
from t5tune.files.table import Table
from t5tune.recipe.places import Place


def open_tables(tables: Sequence[Table], place: Place, request: Request) -> OpenSplit:
    """Return the examples of tables that follow each other; all have the columns that are used.

    Args:
        tables: At least one table.
        place: Place of all of them.
        request: Columns and number of examples that the recipe asks for.

    Raises:
        T5TuneError: A table lacks a column, or no column has a usual name.
    """
    names = _choose_columns(tables, request)
    readers: list[ColumnReader] = []  # the one of the last reading has counted
    name = tables[0].place if len(tables) == 1 else describe_place(place)

    def read() -> Iterator[Example]:
        reader = ColumnReader(*names, request.references, name)
        readers[:] = [reader]
        return islice(_read(tables, reader), request.limit)

    def describe() -> list[str]:
        return [sentence for reader in readers for sentence in reader.describe_readings()]

    counts = [table.num_rows for table in tables]
    num = sum(count or 0 for count in counts) if None not in counts else None
    unit = f"{tables[0].unit}s"
    return OpenSplit(request.where, place, unit, request.count(num), read, describe)


def _choose_columns(tables: Sequence[Table], request: Request) -> tuple[str, str]:
    """Choose the columns of the first table that has any, and check that all others have them."""
    source, target = request.columns
    names = None
    for table in tables:
        if table.columns or names is None:
            names = guess_columns(
                source, target, table.columns, request.languages, table.place, request.where
            )
            source, target = names if table.columns else request.columns
    assert names is not None  # there is a table
    return names


def _read(tables: Sequence[Table], reader: ColumnReader) -> Iterator[Example]:
    for table in tables:
        for number, row in table.rows():
            yield Example(*reader.read(row, number, table))

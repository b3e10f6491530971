"""Examples from the columns of tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from t5tune.data.columns import ColumnReader, guess_columns
from t5tune.data.readers.open_splits import Example, OpenSplit, Request, describe_place
from t5tune.errors import T5TuneError
from t5tune.files.table import BadRow, Table
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
    name = tables[0].place if len(tables) == 1 else describe_place(place)
    last = None  # reading, which has counted

    def read() -> Iterator[Example]:
        nonlocal last
        last = _Reading(tables, ColumnReader(*names, request.references, name))
        return islice(last.examples(skips_bad_rows=request.skips_bad_rows), request.limit)

    def describe() -> list[str]:
        noticed = [] if last is None else last.describe()
        return noticed + [text for table in tables for text in table.remarks()]

    counts = [table.num_rows for table in tables]
    num = sum(count or 0 for count in counts) if None not in counts else None
    unit = f"{tables[0].unit}s"
    return OpenSplit(
        request.where,
        place,
        unit,
        request.count(num),
        read,
        describe,
        lambda: "" if last is None else last.locate(),
        lambda: 0 if last is None else last.num_bad_rows,
    )


def _choose_columns(tables: Sequence[Table], request: Request) -> tuple[str, str]:
    """Choose the columns of the first table that has any, and check that all others have them."""
    source, target = request.columns
    names = None
    for table in tables:
        if table.columns or names is None:
            names = guess_columns(
                source, target, table.columns, request.languages, table.place, request.where,
                is_text=request.is_text,
            )  # fmt: skip
            source, target = names if table.columns else request.columns
    assert names is not None  # there is a table
    return names


class _Reading:
    """One reading of all tables.

    Args:
        tables: Tables that follow each other.
        reader: Reader of their rows.
    """

    def __init__(self, tables: Sequence[Table], reader: ColumnReader) -> None:
        self._tables = tables
        self._reader = reader
        self._bad_rows = BadRows()
        self._table = tables[0]
        self._number = 0

    def examples(self, *, skips_bad_rows: bool) -> Iterator[Example]:
        """Yield the examples, and raise or count rows that cannot be read."""
        is_empty = True
        names = self._reader.names
        for table in self._tables:
            self._table = table
            for number, row in table.pick(names) if table.pick is not None else table.rows():
                try:
                    if isinstance(row, BadRow):
                        raise row
                    example = Example(*self._reader.read(row, number, table))
                except BadRow as error:
                    if not skips_bad_rows:
                        raise
                    self._bad_rows.count(error)
                    continue
                is_empty = False
                self._number = number
                yield example
        if is_empty and skips_bad_rows:
            self._bad_rows.check_some_are_good()

    def locate(self) -> str:
        """Return the place of the last example."""
        return self._table.locate(self._number)

    @property
    def num_bad_rows(self) -> int:
        """Number of rows that were left out."""
        return self._bad_rows.num

    def describe(self) -> list[str]:
        """Describe values that are not texts, and rows that were left out."""
        return [*self._reader.describe_readings(), *self._bad_rows.describe_readings()]


class BadRows:
    """Rows that could not be read and were left out.

    Attributes:
        num: Their number.
    """

    def __init__(self) -> None:
        self.num = 0
        self._first: BadRow | None = None

    def count(self, error: BadRow) -> None:
        """Count a row that was left out."""
        self.num += 1
        self._first = self._first or error

    def check_some_are_good(self) -> None:
        """Raise the first error if there is one: nothing could be read."""
        if self._first is not None:
            raise T5TuneError(
                f"None of {self.num:,} rows can be read; the first one: {self._first.message}",
                next_command=self._first.next_command,
            )

    def describe_readings(self) -> Iterator[str]:
        """Describe in a sentence how many rows were left out, if there are any."""
        if self._first is not None:
            plural = (
                "row that cannot be read was" if self.num == 1 else "rows that cannot be read were"
            )
            yield f"{self.num:,} {plural} left out; the first one: {self._first.message}"

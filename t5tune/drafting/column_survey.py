"""The columns of a table, by its first rows."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any

from t5tune.drafting.language_names import Identified, identify_column, read_language
from t5tune.files.json_objects import JsonNumber
from t5tune.files.table import BadRow, Row, Table

MOST_ROWS = 5000  # that are looked at before the columns are chosen
_MOST_TEXTS = 1000  # of a column, that are kept
_SHARE_OF_TEXTS = 0.5  # of the rows, in a column of texts


@dataclass
class Column:
    """A column, or a field within one.

    Attributes:
        name: Name, with dots for fields within fields.
        num_rows: Number of rows that were looked at.
        num_texts: Number of those in which it has a text.
        num_lists: Number of those in which it is a list of texts.
        texts: Its first texts, one of each list.
        distinct: Hashes of its texts.
    """

    name: str
    num_rows: int = 0
    num_texts: int = 0
    num_lists: int = 0
    texts: list[str] = field(default_factory=list)
    distinct: set[int] = field(default_factory=set)

    def add(self, value: Any) -> None:
        """Take the value of the next row that has one."""
        text = value
        if isinstance(value, list):
            text = value[0] if value else None
            self.num_lists += isinstance(text, str)
        if not isinstance(text, str) or isinstance(text, JsonNumber) or not text.strip():
            return
        self.num_texts += 1
        self.distinct.add(hash(text))
        if len(self.texts) < _MOST_TEXTS:
            self.texts.append(text)

    @cached_property
    def median_length(self) -> float:
        """Median of the characters of a text."""
        return statistics.median(map(len, self.texts)) if self.texts else 0.0

    @cached_property
    def has_texts(self) -> bool:
        """Whether it holds texts rather than numbers, marks or nothing."""
        with_letters = sum(any(map(str.isalpha, text)) for text in self.texts)
        return (
            self.num_texts >= _SHARE_OF_TEXTS * max(1, self.num_rows)
            and with_letters > _SHARE_OF_TEXTS * len(self.texts)
            and (len(self.distinct) > 1 or self.num_texts == 1)
        )

    @cached_property
    def identified(self) -> Identified:
        """Language that its texts are in."""
        return identify_column(self.texts)

    @cached_property
    def named_language(self) -> str | None:
        """Language that its name tells."""
        return read_language(self.name.rpartition(".")[2])

    @property
    def language(self) -> str | None:
        """Language that its name tells, or that its texts are in."""
        return self.named_language or self.identified.language


@dataclass
class Survey:
    """What the first rows of a table hold.

    Attributes:
        columns: Columns in the order of the table.
        num_rows: Number of rows that could be read.
        bad: Rows that could not be read.
    """

    columns: list[Column]
    num_rows: int = 0
    bad: list[BadRow] = field(default_factory=list)

    @property
    def texts(self) -> list[Column]:
        """Columns that hold texts."""
        return [column for column in self.columns if column.has_texts]


def survey_table(table: Table) -> Survey:
    """Look at the first rows of a table.

    Raises:
        T5TuneError: The table cannot be read.
    """
    columns: dict[str, Column] = {}
    survey = Survey([])
    for _, row in islice(table.rows(), MOST_ROWS):
        if isinstance(row, BadRow):
            survey.bad.append(row)
            continue
        survey.num_rows += 1
        for name, value in _flatten(row):
            columns.setdefault(name, Column(name)).add(value)
    for column in columns.values():
        column.num_rows = survey.num_rows
    survey.columns = list(columns.values())
    return survey


def _flatten(row: Row, before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value

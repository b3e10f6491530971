"""A section of a report beside the scores of its test set, ready for every form of the report."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_NUMBER = re.compile(r"[+\-−]?\d[\d,]*(\.\d+)?( %)?")


@dataclass(frozen=True)
class SectionTable:
    """A table of texts.

    Attributes:
        header: Names of the columns.
        rows: Cells of each row, as many as there are columns.
        caption: Title of the table, if the section has several.
        is_folded: Whether the page shows the table below its caption only when it is asked for;
            not part of the JSON.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    is_folded: bool = False

    @property
    def number_columns(self) -> tuple[bool, ...]:
        """Whether all cells of a column are numbers or empty, by column."""
        columns = zip(*self.rows, strict=True)
        found = tuple(
            any(column) and all(not cell or _NUMBER.fullmatch(cell) for cell in column)
            for column in columns
        )
        return found or (False,) * len(self.header)


@dataclass(frozen=True)
class Section:
    """One section, which the terminal, Markdown and the page show alike.

    Attributes:
        name: Name of its kind, in report.json.
        title: Heading.
        sentences: What the numbers show, and what they cannot show.
        tables: Tables below the sentences; a terminal shows the first one.
        values: Numbers for programs, not rounded, in values of JSON.
        alarm: Sentence that the report begins with; None where nothing is alarming.
        files: Texts of files beside the report, by their paths; not part of the JSON.
    """

    name: str
    title: str
    sentences: tuple[str, ...] = ()
    tables: tuple[SectionTable, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    alarm: str | None = None
    files: Mapping[str, str] = field(default_factory=dict, repr=False)

    def to_json(self) -> dict[str, object]:
        """Return JSON values, in the key order that other programs see."""
        return {
            "name": self.name,
            "title": self.title,
            "alarm": self.alarm,
            "sentences": list(self.sentences),
            "tables": [
                {
                    "caption": one.caption,
                    "header": list(one.header),
                    "rows": list(map(list, one.rows)),
                }
                for one in self.tables
            ],
            "values": dict(self.values),
        }


def put_alarms_first(sections: Sequence[Section]) -> tuple[Section, ...]:
    """Return the sections, those with an alarm first, else in their order."""
    return tuple(sorted(sections, key=lambda one: one.alarm is None))

"""Sections beside the test set on a terminal, in plain lines and as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from t5tune.errors import visible
from t5tune.reporting.beside.report_section import Section, SectionTable
from t5tune.reporting.markdown import cell, escape, table_of

if TYPE_CHECKING:
    from rich.console import JustifyMethod, RenderableType
    from rich.table import Table


def section_blocks(section: Section) -> list[str]:
    """Return a section as blocks of Markdown, to be joined by blank lines."""
    blocks = [f"## {escape(section.title)}", *map(escape, section.sentences)]
    for table in section.tables:
        if table.caption:
            blocks.append(f"### {escape(table.caption)}")
        blocks.append(_table_block(table))
    return blocks


def short_blocks(section: Section) -> list[str]:
    """Return a heading and the first table of a section as blocks of Markdown."""
    return [f"### {escape(section.title)}", *map(_table_block, section.tables[:1])]


def _table_block(table: SectionTable) -> str:
    rows = [[cell(one) if one else "" for one in row] for row in table.rows]
    return table_of([escape(name) for name in table.header], rows)


def section_lines(section: Section) -> list[str]:
    """Return the first table of a section as lines with tabs, after its title."""
    rows = section.tables[0].rows if section.tables else ()
    return [visible(section.title, one_line=True), *map(_join_cells, rows)]


def all_section_lines(section: Section) -> list[str]:
    """Return all of a section as lines, those of tables with tabs, and their headers first."""
    lines = [visible(section.title, one_line=True)]
    for table in section.tables:
        lines += [visible(table.caption, one_line=True)] if table.caption else []
        lines += map(_join_cells, [table.header, *table.rows])
    return [*lines, *(visible(sentence, one_line=True) for sentence in section.sentences)]


def _join_cells(row: Sequence[str]) -> str:
    return "\t".join(visible(one, one_line=True) for one in row)


def section_parts(section: Section, *, num_tables: int = 1) -> list[RenderableType]:
    """Return what a terminal shows of a section: its title, first tables and sentences."""
    from rich.text import Text

    parts: list[RenderableType] = [Text("\n" + visible(section.title, one_line=True), style="bold")]
    for table in section.tables[:num_tables]:
        if num_tables > 1 and table.caption:
            parts.append(Text("\n" + visible(table.caption, one_line=True)))
        parts.append(_terminal_table(table))
    return parts + [Text(visible(sentence, one_line=True)) for sentence in section.sentences]


def _terminal_table(section_table: SectionTable) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="dim")
    names = zip(section_table.header, section_table.number_columns, strict=True)
    for place, (name, is_number) in enumerate(names):
        style = "cyan" if place == 0 else None
        justify: JustifyMethod = "right" if is_number else "left"
        table.add_column(name, justify=justify, style=style, overflow="fold", no_wrap=is_number)
    for row in section_table.rows:
        table.add_row(*(Text(visible(one, one_line=True)) for one in row))
    return table


def find_alarms(sections: Sequence[Section]) -> list[str]:
    """Return the sentences that a report begins with."""
    return [section.alarm for section in sections if section.alarm is not None]

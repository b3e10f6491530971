"""What is in the data of a recipe, on a terminal and as plain lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from t5tune.data.cleaning.cleaning_report import CleaningReport
from t5tune.data.overview.data_overview import AugmentationPreview, DataOverview
from t5tune.errors import visible
from t5tune.reporting.beside.rendering import all_section_lines, section_parts
from t5tune.reporting.beside.report_section import Section
from t5tune.reporting.overviews.overview_notes import NOTHING, list_notes
from t5tune.reporting.overviews.overview_sections import (
    ENCODED,
    build_sections,
    describe_rounds,
    describe_shares,
)

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

# Sections whose texts are too long for the columns of a terminal.
_MOST_CHARACTERS = 120  # of a text that was left out
_AS_LINES = (ENCODED, "cleaning", "augmentation")


def print_overview(overview: DataOverview, console: Console | None = None) -> None:
    """Print notes, tables and examples on a terminal."""
    from rich.console import Console, Group
    from rich.text import Text

    parts: list[RenderableType] = [Text(visible(_title(overview), one_line=True), style="bold")]
    notes = list_notes(overview)
    parts += [Text(visible(one), style="bold yellow") for one in notes] or [Text(NOTHING)]
    for section in build_sections(overview, draws=True):
        if section.name in _AS_LINES:
            parts.append(Text(f"\n{section.title}", style="bold"))
            parts += [Text(visible(line)) for line in _list_lines(overview, section)]
        else:
            parts += section_parts(section, num_tables=2)
    (console or Console()).print(Group(*parts))


def format_overview(overview: DataOverview) -> Iterator[str]:
    """Return the same as lines, those of tables with tabs."""
    yield _title(overview)
    yield from list_notes(overview) or [NOTHING]
    for section in build_sections(overview, draws=True):
        yield ""
        if section.name in _AS_LINES:
            yield section.title
            yield from _list_lines(overview, section)
            continue
        yield from all_section_lines(section)


def _title(overview: DataOverview) -> str:
    counts = [
        f"{sum(one.num_examples or 0 for one in splits):,} {name}"
        for name, splits in overview.by_split().items()
        if all(one.num_examples is not None for one in splits)
    ]
    return f"{overview.recipe}: {', '.join(counts)} examples"


def _list_lines(overview: DataOverview, section: Section) -> Iterator[str]:
    if section.name == "cleaning":
        for key, report in overview.cleaning.items():
            yield from _format_cleaning(key, report)
    elif section.name == "augmentation" and overview.augmentation is not None:
        yield from _format_augmentation(overview.augmentation)
    else:
        yield from _format_tables(section)


def _format_tables(section: Section) -> Iterator[str]:
    for number, table in enumerate(section.tables):
        if number:
            yield ""
        yield table.caption
        width = max((len(name) for name, _ in table.rows), default=0)
        yield from (f"  {name:{width}}  {text}" for name, text in table.rows)


def _format_cleaning(key: str, report: CleaningReport) -> Iterator[str]:
    for sentence in report.describe():
        yield f"{key}: {sentence}"
    for name, examples in report.examples.items():
        if not examples:
            continue
        yield ""
        yield f"{name}: {report.counts[name]:,} pairs left out"
        for example in sorted(examples, key=lambda one: one.row):
            yield f"  pair {example.row:,}: {_shorten(example.source)}"
            yield f"    -> {_shorten(example.target)}"


def _shorten(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else f"{text[: _MOST_CHARACTERS - 1]}…"


def _format_augmentation(augmentation: AugmentationPreview) -> Iterator[str]:
    yield f"augmentation: {describe_rounds(augmentation)}"
    for kind in augmentation.kinds:
        yield ""
        sides = "both sides" if kind.sides == "both" else "source"
        shares = describe_shares(kind.asked, kind.num_changed, augmentation)
        yield f"{kind.name} ({sides}): {shares}"
        for number, change in enumerate(kind.examples):
            if number:
                yield ""
            for before, after in zip(change.before, change.after, strict=True):
                yield f"  {before}" if before == after else f"  {before}\n    -> {after}"

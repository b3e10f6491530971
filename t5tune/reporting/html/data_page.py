"""`data.html`: what is in the data of a recipe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from t5tune.data.overview.data_overview import DataOverview, SplitOverview
from t5tune.reporting.html.length_charts import (
    LengthChart,
    ShareBar,
    draw_lengths,
    draw_shares,
)
from t5tune.reporting.html.page import WITHOUT_EXAMPLES, render_page
from t5tune.reporting.overviews.overview_notes import NOTHING, list_notes
from t5tune.reporting.overviews.overview_sections import ENCODED, build_sections


def render_data_html(overview: DataOverview) -> str:
    """Return the complete document. The same input gives the same text."""
    by_split, shown = overview.by_split(), build_sections(overview)
    return render_page(
        "data.html",
        {},
        scripts=WITHOUT_EXAMPLES,
        title=f"{overview.recipe} · data",
        overview=overview,
        facts=list(_list_facts(overview)),
        notes=list_notes(overview),
        nothing=NOTHING,
        # The pieces of examples are shown one by one instead of in a table.
        shown=[replace(one, tables=()) if one.name == ENCODED else one for one in shown],
        section_links=[(f"beside-{one.name}", one.title) for one in shown],
        charts=[chart for name, of in by_split.items() for chart in _draw_sides(name, of)],
        entry_charts=[
            chart
            for of in by_split.values()
            for split in (of if len(of) > 1 else ())
            for chart in _draw_sides(split.title, [split])
        ],
        bars={
            "mixture": list(map(_draw_phase, overview.mixture)),
            "cleaning": list(_draw_cleaning(overview)),
        },
    )


def _list_facts(overview: DataOverview) -> Iterator[tuple[str, str]]:
    for name, splits in overview.by_split().items():
        counts = [split.num_examples for split in splits]
        known = "streamed" if None in counts else f"{sum(filter(None, counts)):,} examples"
        yield name, known
    yield "Tokenizer", overview.tokenizer
    side = overview.splits[0].source, overview.splits[0].target
    yield "Limits", f"{side[0].limit:,} and {side[1].limit:,} tokens"


def _draw_sides(title: str, splits: Sequence[SplitOverview]) -> Iterator[LengthChart]:
    yield draw_lengths(f"{title}: sources", [split.source for split in splits])
    yield draw_lengths(f"{title}: targets", [split.target for split in splits])


def _draw_phase(phase: Mapping[str, Any]) -> tuple[str, list[ShareBar]]:
    step = phase["from_step"]
    bars = draw_shares(
        (one["name"], f"{100 * one['share']:.1f} %", one["share"], one["asked"])
        for one in phase["entries"]
    )
    return f"Shares of an epoch from step {step:,}" if step else "Shares of an epoch", bars


def _draw_cleaning(overview: DataOverview) -> Iterator[tuple[str, list[ShareBar]]]:
    for key, report in overview.cleaning.items():
        most = max(report.counts.values(), default=0) or 1
        bars = draw_shares(
            (name, f"{count:,}", count / most, None) for name, count in report.counts.items()
        )
        yield f"Pairs of data.{key} left out by each rule", bars

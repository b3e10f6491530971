"""A comparison on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from t5tune.errors import visible
from t5tune.reporting.comparisons.comparison_text import (
    ScoreRow,
    describe_examples,
    score_tables,
    state_caveats,
)
from t5tune.reporting.reports.report_terminal import printable
from t5tune.scoring.significance.comparison import ComparedSystem, Comparison

_NUM_EXAMPLES_SHOWN = 2


def print_comparison(comparison: Comparison, console: Console | None = None) -> None:
    """Print scores, verdicts, and the examples that differ most."""
    split = f" of {comparison.split}" if comparison.split else ""
    parts: list[RenderableType] = [
        Text(printable(f"{comparison.num_examples:,} examples{split}"), style="bold")
    ]
    tests = comparison.resampling.tests
    for score, rows in score_tables(comparison):
        parts.append(
            Text.assemble(
                ("\n" + visible(f"{score.name} ", one_line=True), "bold"),
                (visible(score.signature, one_line=True), "dim"),
            )
        )
        parts.append(_score_table(rows, tests))
        parts += [Text(printable(f"{row.system}: {row.verdict}")) for row in rows[1:]]
    parts += [Text("")]
    parts += [Text(visible(line), style="dim") for line in state_caveats(comparison)]
    for system in comparison.systems[1:]:
        parts.append(Text("\n" + printable(describe_examples(comparison, system)), style="bold"))
        for title, indices in (
            ("largest wins", comparison.largest_wins(system, _NUM_EXAMPLES_SHOWN)),
            ("largest losses", comparison.largest_losses(system, _NUM_EXAMPLES_SHOWN)),
        ):
            if indices:
                parts.append(Text(printable(f"{title} by {comparison.example_metric_names[0]}")))
                parts.append(_example_table(comparison, system, indices))
    (console or Console()).print(Group(*parts))


def _score_table(rows: Sequence[ScoreRow], tests: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("system", style="cyan", overflow="fold")
    table.add_column("score", justify="right", style="bold", no_wrap=True)
    table.add_column("95 % interval", no_wrap=True)
    table.add_column("difference", justify="right", no_wrap=True)
    for test in tests:
        table.add_column(f"p\n{test}", justify="right", no_wrap=True)
    for row in rows:
        cells = [row.system, row.value, row.interval, row.difference, *row.p_values]
        table.add_row(*(Text(printable(text)) for text in cells))
    return table


def _example_table(comparison: Comparison, system: ComparedSystem, indices: Sequence[int]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(justify="right", style="bold", no_wrap=True)
    table.add_column(style="cyan", overflow="fold")
    table.add_column()
    for index in indices:
        rows = [("reference", "", reference) for reference in comparison.references[index]]
        if comparison.sources is not None:
            rows.insert(0, ("source", "", comparison.sources[index]))
        for one in (comparison.baseline, system):
            value = f"{one.example_scores[0][index]:.1f}"
            rows.append((one.name, value, one.hypotheses[index]))
        for label, value, text in rows:
            table.add_row(value, Text(printable(label)), Text(printable(text)))
    return table

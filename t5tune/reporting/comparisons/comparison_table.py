"""A comparison as one table for papers and spreadsheets."""

from __future__ import annotations

from t5tune.reporting.comparisons.comparison_text import score_tables, state_caveats
from t5tune.reporting.tables.result_table import Column, ResultTable
from t5tune.scoring.significance.comparison import Comparison


def build_comparison_table(comparison: Comparison) -> ResultTable:
    """Return a row for each score of each system; the signatures are notes, and cells of a CSV."""
    tests = comparison.resampling.tests
    columns = (
        Column("score"),
        Column("system"),
        Column("value", is_number=True, forms="text"),
        Column("value", is_number=True, forms="csv"),
        Column("95 % interval", forms="text"),
        *_ends("interval"),
        Column("difference", is_number=True, forms="text"),
        Column("difference", is_number=True, forms="csv"),
        *_ends("difference"),
        *(Column(f"p ({test})", is_number=True) for test in tests),
        Column("verdict"),
        Column("signature", forms="csv"),
    )
    rows = []
    notes = []
    for number, (score, lines) in enumerate(score_tables(comparison)):
        notes.append(f"{score.name}: {score.signature}")
        for system, line in zip(comparison.systems, lines, strict=True):
            exact = system.scores[number]
            difference = system.differences[number] if system.differences else None
            ends = difference.confidence_interval if difference else ("", "")
            rows.append(
                (
                    score.name,
                    line.system,
                    line.value,
                    str(exact.value),
                    line.interval,
                    *map(str, exact.confidence_interval or ("", "")),
                    line.difference,
                    "" if difference is None else str(difference.value),
                    *map(str, ends),
                    *line.p_values,
                    line.verdict,
                    exact.signature,
                )
            )
    return ResultTable(columns, tuple(rows), (*notes, *state_caveats(comparison)), num_grouped=1)


def _ends(name: str) -> tuple[Column, Column]:
    return (
        Column(f"{name}_low", is_number=True, forms="csv"),
        Column(f"{name}_high", is_number=True, forms="csv"),
    )

"""The scores of a report as a table for papers and spreadsheets."""

from __future__ import annotations

from t5tune.reporting.reports.report import Report
from t5tune.reporting.tables.result_table import Column, ResultTable

_COLUMNS = (
    Column("score"),
    Column("value", is_number=True, forms="text"),
    Column("value", is_number=True, forms="csv"),
    Column("95 % interval", forms="text"),
    Column("interval_low", is_number=True, forms="csv"),
    Column("interval_high", is_number=True, forms="csv"),
    Column("signature", forms="csv"),
)


def build_score_table(report: Report) -> ResultTable:
    """Return a row for each score; the signatures are notes, and cells of a CSV."""
    rows = tuple(
        (
            score.name,
            score.shown,
            str(score.value),
            f"[{', '.join(score.shown_interval)}]" if score.shown_interval else "",
            *map(str, score.confidence_interval or ("", "")),
            score.signature,
        )
        for score in report.scores
    )
    return ResultTable(_COLUMNS, rows, tuple(f"{s.name}: {s.signature}" for s in report.scores))

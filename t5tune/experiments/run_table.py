"""The table of runs, newest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from t5tune.console import format_bytes
from t5tune.experiments.run_summary import RunSummary, summarize_run
from t5tune.reporting.tables.result_table import Column, ResultTable
from t5tune.run.directory import RunDirectory

_COLUMNS = (
    Column("run"),
    Column("state"),
    Column("recipe"),
    Column("model"),
    Column("step", is_number=True),
    Column("best score", forms="text"),
    Column("score", forms="csv"),
    Column("split", forms="csv"),
    Column("value", is_number=True, forms="csv"),
    Column("interval_low", is_number=True, forms="csv"),
    Column("interval_high", is_number=True, forms="csv"),
    Column("minutes", is_number=True),
    Column("size", is_number=True, forms="text"),
    Column("num_bytes", is_number=True, forms="csv"),
    Column("last started", is_number=True),
)


def summarize_runs(runs: Iterable[RunDirectory]) -> list[RunSummary]:
    """Return the summaries of runs, the last one that was started or continued first."""
    return sorted(map(summarize_run, runs), key=lambda one: (-one.changed, str(one.path)))


def build_run_table(summaries: Sequence[RunSummary], directory: Path) -> ResultTable:
    """Return the table of runs, whose names begin below a directory."""
    return ResultTable(_COLUMNS, tuple(_build_row(one, directory) for one in summaries))


def _build_row(summary: RunSummary, directory: Path) -> tuple[str, ...]:
    best = summary.best
    name = summary.path
    if name.is_relative_to(directory) and name != directory:
        name = name.relative_to(directory)
    started = datetime.fromtimestamp(summary.changed)
    low, high = (best.confidence_interval if best else None) or ("", "")
    return (
        str(name),
        summary.state.name,
        summary.recipe or "",
        summary.model or "",
        "" if summary.step is None else str(summary.step),
        "" if best is None else best.shown,
        "" if best is None else best.name,
        "" if best is None else best.split,
        "" if best is None else str(best.value),
        str(low),
        str(high),
        "" if summary.minutes is None else f"{summary.minutes:.1f}",
        format_bytes(summary.num_bytes),
        str(summary.num_bytes),
        f"{started:%Y-%m-%d %H:%M}",
    )

"""How a command prints a report on stdout."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from t5tune.errors import visible

if TYPE_CHECKING:
    from t5tune.scoring.report import Report


def print_text(text: str) -> None:
    """Text for people, with control characters spelled out."""
    print_data(visible(text))


def print_data(text: str, *, end: str = "\n") -> None:
    """What programs read, as it is."""
    typer.echo(text + end, nl=False)


def print_result(report: Report, *, as_json: bool) -> None:
    """JSON if asked for; tables and examples on a terminal; else one line per score.

    A comparison with the stored report follows.
    """
    from t5tune.scoring.comparison_text import format_lines
    from t5tune.scoring.report import format_json, format_scores

    if as_json:
        print_data(format_json(report))
        return
    if sys.stdout.isatty():
        from t5tune.scoring.report_terminal import print_report

        print_report(report)
    else:
        print_text(format_scores(report))
    if report.comparison is not None:
        print_text(format_lines(report.comparison))

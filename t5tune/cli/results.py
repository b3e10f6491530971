"""Printing a report on stdout."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from t5tune.errors import visible

if TYPE_CHECKING:
    from t5tune.reporting.reports.report import Report
    from t5tune.reporting.tables.result_table import ResultTable, TableFormat


def print_text(text: str) -> None:
    """Print text for people, with control characters spelled out."""
    print_data(visible(text))


def print_data(text: str, *, end: str = "\n") -> None:
    """Print data for programs unchanged."""
    typer.echo(text + end, nl=False)


def print_result_table(table: ResultTable, form: TableFormat | None) -> None:
    """Print a table in a form, or as it suits a terminal or a pipe."""
    from t5tune.reporting.tables.result_table import format_plain, format_table, print_table

    if form is not None:
        print_data(format_table(table, form))
    elif sys.stdout.isatty():
        print_table(table)
    else:
        print_data(format_plain(table))


@contextmanager
def printing_what_is_not_written(*, as_json: bool) -> Iterator[None]:
    """Print the report if its files cannot be written, then raise the error."""
    from t5tune.reporting.reports.report import ReportNotWritten

    try:
        yield
    except ReportNotWritten as error:
        print_result(error.report, as_json=as_json)
        raise


def print_result(report: Report, *, as_json: bool) -> None:
    """Print JSON if asked for; tables and examples on a terminal; else one line per score.

    Print the comparison with the stored report last. A leak and other alarms come first: on stderr,
    unless stdout is a terminal, where they belong to the table.
    """
    from t5tune.console import say
    from t5tune.reporting.beside.rendering import find_alarms, section_lines
    from t5tune.reporting.comparisons.comparison_text import format_lines
    from t5tune.reporting.reports.leak_sentences import describe_leak
    from t5tune.reporting.reports.report import format_json, format_scores

    leak = describe_leak(report)
    if leak is not None and (as_json or not sys.stdout.isatty()):
        say(f"leak: {leak}")
    if as_json or not sys.stdout.isatty():
        for alarm in find_alarms(report.beside):
            say(alarm)
    if as_json:
        print_data(format_json(report))
        return
    if sys.stdout.isatty():
        from t5tune.reporting.reports.report_terminal import print_report

        print_report(report)
    else:
        print_text(format_scores(report))
        for section in report.beside:
            print_text("\n".join(section_lines(section)))
    if report.comparison is not None:
        print_text(format_lines(report.comparison))

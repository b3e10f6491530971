"""A report on a terminal: scores, and the worst examples, which say most about a model."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from t5tune.errors import visible
from t5tune.reporting.beside.rendering import find_alarms, section_parts
from t5tune.reporting.reports.leak_sentences import describe_leak
from t5tune.reporting.reports.report import Example, Report
from t5tune.scoring.diagnosis.breakdown import MIN_EXAMPLES
from t5tune.scoring.diagnosis.findings import Breakdown, Finding
from t5tune.scoring.diagnosis.generalization import GENERALIZATION
from t5tune.scoring.diagnosis.remedies import first_part

_NUM_EXAMPLES_SHOWN = 3
_MAX_CHARACTERS_SHOWN = 300


def print_report(report: Report, console: Console | None = None) -> None:
    """Print a leak, alarms, scores, findings, sections beside the test set, the worst examples."""
    leak = describe_leak(report)
    parts: list[RenderableType] = [Text(_title(report), style="bold")]
    parts += [] if leak is None else [Text(visible(leak), style="bold yellow")]
    parts += [Text(visible(one), style="bold yellow") for one in find_alarms(report.beside)]
    parts.append(_score_table(report))
    parts += finding_lines(report.findings)
    parts += [part for section in report.beside for part in section_parts(section)]
    for breakdown in report.breakdowns:
        if breakdown.name in GENERALIZATION:
            parts += [Text("\n" + printable(breakdown.title), style="bold"), _part_table(breakdown)]
    if report.worst:
        parts += [
            Text("\n" + printable(f"worst examples by {report.example_metric}"), style="bold"),
            _example_table(report.worst[:_NUM_EXAMPLES_SHOWN]),
        ]
    (console or Console()).print(Group(*parts))


def _title(report: Report) -> str:
    name = ", ".join(name for name in (report.run, report.split) if name) or "scores"
    engine = f", decoded with {report.engine}" if report.engine else ""
    return printable(f"{name}: {report.num_examples:,} examples{engine}")


def _score_table(report: Report) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(justify="right", style="bold", no_wrap=True)
    table.add_column(style="dim", overflow="fold")
    for score in report.scores:
        interval = score.shown_interval
        spread = "" if interval is None else f" [{interval[0]}, {interval[1]}]"
        cells = (score.name, score.shown + spread, score.signature)
        table.add_row(*(Text(visible(cell, one_line=True)) for cell in cells))
    return table


def _part_table(breakdown: Breakdown) -> Table:
    """Return a table of parts of the test set with their first score."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="cyan", overflow="fold")
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    for bucket in breakdown.buckets:
        score = f"fewer than {MIN_EXAMPLES} examples"
        if bucket.scores:
            first = bucket.scores[0]
            spread = "" if first.shown_interval is None else f" [{', '.join(first.shown_interval)}]"
            score = f"{first.name} {first.shown}{spread}"
        cells = (bucket.label, f"{bucket.num_examples:,}", score)
        table.add_row(*(Text(visible(cell, one_line=True)) for cell in cells))
    return table


def finding_lines(findings: Sequence[Finding]) -> list[Text]:
    """Return one line for each notable finding: of the test set, of training, of outputs.

    The most frequent come first. Each has the recipe line that mends it; the reasons are in
    report.md.
    """
    notable = [finding for finding in findings if finding.is_notable]
    notable.sort(key=lambda finding: (finding.precedence, -finding.rate))
    return [_finding_line(finding) for finding in notable]


def _finding_line(finding: Finding) -> Text:
    text = Text(visible(finding.title, one_line=True), style="yellow")
    if finding.has_examples:
        text.append(f": {finding.counted} ({100 * finding.rate:.1f} %)")
    if finding.remedy is not None:
        text.append(" → ", style="dim").append(visible(first_part(finding.remedy)), style="bold")
    return text


def _example_table(examples: Sequence[Example]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(justify="right", style="bold", no_wrap=True)
    table.add_column(style="cyan", no_wrap=True)
    table.add_column()
    for example in examples:
        rows = [("hypothesis", example.hypothesis)]
        rows += [("reference", reference) for reference in example.references]
        if example.source is not None:
            rows.insert(0, ("source", example.source))
        for i, (label, text) in enumerate(rows):
            number = f"{example.score:.1f}" if i == 0 else ""
            table.add_row(number, label, Text(printable(text)))
    return table


def printable(text: str) -> str:
    """Return a text that neither moves the cursor nor fills the screen."""
    if len(text) > _MAX_CHARACTERS_SHOWN:
        text = text[:_MAX_CHARACTERS_SHOWN].rstrip() + " …"
    return visible(text, one_line=True)

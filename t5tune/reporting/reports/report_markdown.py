"""A report as Markdown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from t5tune.reporting.beside.rendering import find_alarms, section_blocks
from t5tune.reporting.markdown import code, code_in_cell, escape, table_of
from t5tune.reporting.reports.findings_markdown import example_table, render_findings
from t5tune.reporting.reports.leak_sentences import describe_leak

if TYPE_CHECKING:
    from t5tune.reporting.reports.report import Report
    from t5tune.scoring.score import Score


def render_markdown(report: Report) -> str:
    """Return the complete document, with a newline at its end."""
    names = [escape(name) for name in (report.run, report.split) if name]
    leak = describe_leak(report)
    blocks = ["# " + (", ".join(names) or "Scores"), _counted(report)]
    blocks += [] if leak is None else [f"**{escape(leak)}**"]
    blocks += [f"**{escape(alarm)}**" for alarm in find_alarms(report.beside)]
    alarming = [block for one in report.beside if one.alarm for block in section_blocks(one)]
    blocks += [*alarming, "## Scores"] if alarming else []
    blocks.append(score_table(report.scores))
    blocks += [block for one in report.beside if not one.alarm for block in section_blocks(one)]
    if report.decoding:
        blocks += ["## Decoding", _decoding_list(report)]
    if report.findings or report.breakdowns:
        examples = (*report.best, *report.worst, *report.found)
        blocks += render_findings(report.findings, report.breakdowns, examples)
    for title, examples in (("Best", report.best), ("Worst", report.worst)):
        if examples:
            heading = f"## {title} examples by {escape(report.example_metric)}"
            blocks += [heading, example_table(examples)]
    return "\n\n".join(blocks) + "\n"


def _counted(report: Report) -> str:
    line = f"{report.num_examples} example" + ("s" if report.num_examples != 1 else "")
    line += f", decoded with {code(report.engine)}" if report.engine else ""
    return line + (f", weights: {escape(report.weights)}." if report.weights else ".")


def score_table(scores: Sequence[Score]) -> str:
    """Return a table with one row per score: interval and signature included."""
    rows = []
    for score in scores:
        interval = "not estimated"
        if score.shown_interval is not None:
            interval = " to ".join(score.shown_interval)
        rows.append([escape(score.name), score.shown, interval, code_in_cell(score.signature)])
    return table_of(["score", "value", "confidence interval", "signature"], rows)


def _decoding_list(report: Report) -> str:
    settings = (
        f"{name}: {json.dumps(value, ensure_ascii=False)}"
        for name, value in report.decoding.items()
    )
    return "\n".join(f"- {code(setting)}" for setting in settings)

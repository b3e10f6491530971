"""Findings and breakdowns as blocks of a report in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from t5tune.reporting.markdown import cell, code_in_cell, escape, table_of
from t5tune.reporting.reports.report_verdict import describe_unseen
from t5tune.scoring.diagnosis.breakdown import MIN_EXAMPLES
from t5tune.scoring.diagnosis.findings import Breakdown, Finding
from t5tune.scoring.diagnosis.remedies import split_remedy

if TYPE_CHECKING:
    from t5tune.reporting.reports.report import Example
    from t5tune.scoring.score import Score

_NUM_EXAMPLES_SHOWN = 3


def render_findings(
    findings: Sequence[Finding], breakdowns: Sequence[Breakdown], examples: Sequence[Example]
) -> list[str]:
    """Return blocks of Markdown, to be joined by blank lines.

    Faults that were not found are listed too; an example that is not given is shown by its number.
    """
    blocks = []
    if findings:
        blocks += ["## What went wrong", *_finding_blocks(findings)]
        by_index = {example.index: example for example in examples}
        for finding in findings:
            if finding.is_notable and finding.has_examples:
                blocks += _example_blocks(finding, by_index)
    if breakdowns:
        blocks.append("## Scores of parts of the test set")
    for breakdown in breakdowns:
        blocks += [f"### By {escape(breakdown.title)}", _breakdown_table(breakdown)]
    return blocks


def _finding_blocks(findings: Sequence[Finding]) -> list[str]:
    found = [finding for finding in findings if finding.num_found]
    found.sort(key=lambda finding: (finding.precedence, not finding.is_notable, -finding.rate))
    header = ["fault", "found", "looked at", "rate", "what mends it"]
    blocks = [table_of(header, [_finding_row(finding) for finding in found])] if found else []
    if any(finding.is_notable for finding in found):
        blocks.append("In bold: more than good systems show.")
    return blocks + [escape(sentence) for sentence in describe_unseen(findings)]


def _finding_row(finding: Finding) -> list[str]:
    title = escape(finding.title)
    return [
        f"**{title}**" if finding.is_notable else title,
        str(finding.num_found),
        str(finding.num_checked) + ("" if finding.is_about_outputs else f" {finding.seen_in}"),
        f"{100 * finding.rate:.1f} %",
        _remedy_cell(finding.remedy),
    ]


def _remedy_cell(remedy: str | None) -> str:
    if remedy is None:
        return ""
    line, explanation = split_remedy(remedy)
    parts = [code_in_cell(line)] if line else []
    return ": ".join([*parts, escape(explanation)] if explanation else parts)


def _example_blocks(finding: Finding, by_index: Mapping[int, Example]) -> list[str]:
    heading = f"### {escape(finding.title[0].upper() + finding.title[1:])}"
    known = [by_index[index] for index in finding.examples if index in by_index]
    numbers = "Numbers (from 0): " + ", ".join(map(str, finding.examples)) + "."
    if not known:
        return [heading, numbers]
    return [heading, example_table(known[:_NUM_EXAMPLES_SHOWN], with_scores=False)]


def example_table(examples: Sequence[Example], *, with_scores: bool = True) -> str:
    """Return a table of examples, with their sources if any is known."""
    has_sources = any(example.source is not None for example in examples)
    optional = ["score"] * with_scores + ["source"] * has_sources
    rows = [
        [
            str(example.index),
            *([f"{example.score:.2f}"] if with_scores else []),
            *([cell(example.source or "")] if has_sources else []),
            cell(example.hypothesis),
            "<br>".join(map(cell, example.references)),
        ]
        for example in examples
    ]
    return table_of(["number (from 0)", *optional, "hypothesis", "reference"], rows)


def _breakdown_table(breakdown: Breakdown) -> str:
    names = next(
        ([s.name for s in bucket.scores] for bucket in breakdown.buckets if bucket.scores), []
    )
    rows = []
    for bucket in breakdown.buckets:
        values = list(map(_with_interval, bucket.scores))
        values += [f"fewer than {MIN_EXAMPLES}"] * (len(names) - len(values))
        rows.append([escape(bucket.label), str(bucket.num_examples), *values])
    return table_of(["part", "examples", *map(escape, names)], rows)


def _with_interval(score: Score) -> str:
    interval = score.shown_interval
    return score.shown if interval is None else f"{score.shown} ({' to '.join(interval)})"

"""Test findings and breakdowns as people see them, in report.md and on the terminal."""

from __future__ import annotations

import io
import re
from dataclasses import replace

from rich.console import Console

from t5tune.reporting.reports.findings_markdown import render_findings
from t5tune.reporting.reports.report import Example, Report
from t5tune.reporting.reports.report_building import build_report
from t5tune.reporting.reports.report_markdown import render_markdown
from t5tune.reporting.reports.report_terminal import finding_lines, print_report
from t5tune.scoring.diagnosis.evidence import Evidence
from t5tune.scoring.diagnosis.findings import Breakdown, Bucket, Finding
from t5tune.scoring.score import Score

LOOP = Finding(
    "loop", "the same words again", 3, 60, (4, 9), "decoding.no_repeat_ngram_size=3   # a|b", True
)
EMPTY = Finding("empty", "empty", 1, 2000, (7,), "train <longer>", False)
SHORT = Finding("too_short", "too short", 0, 60)
COPIED = Finding("source_copied", "copied", 0, 0)
NASTY = "a | b\n# c `d` <b>"
EXAMPLES = [Example(4, NASTY, NASTY, ("r|1", "r2"), 0.0)]
PARTS = Breakdown(
    "source_length",
    "length",
    (Bucket("a|b", 12, (Score("BLEU", 31.256, "x"),)), Bucket("rest", 3, ())),
)


def blocks(*findings: Finding) -> list[str]:
    return render_findings(findings, (PARTS,), EXAMPLES)


def test_notable_ones_come_first_and_in_bold() -> None:
    heading, table, legend, unseen, skipped, *_ = blocks(EMPTY, LOOP, SHORT, COPIED)
    assert heading == "## What went wrong"
    assert table.split("\n")[2:] == [
        "| **the same words again** | 3 | 60 | 5.0 % | `decoding.no_repeat_ngram_size=3`: a\\|b |",
        "| empty | 1 | 2000 | 0.1 % | train \\<longer\\> |",
    ]
    assert legend.startswith("In bold")
    assert unseen == "Looked for and not found: too short (in 60)."
    assert skipped == "Not looked for, since no example could show it: copied."


def test_examples_of_notable_findings_are_shown() -> None:
    text = "\n\n".join(blocks(EMPTY, LOOP))
    assert "### The same words again\n\n| number (from 0) | source |" in text
    assert "### Empty" not in text
    row = next(line for line in text.split("\n") if line.startswith("| 4 |"))
    assert len(re.split(r"(?<!\\)\|", row)) == 4 + 2
    assert "\\`d\\` \\<b\\>" in row


def test_without_the_texts_the_numbers_are_given() -> None:
    assert "Numbers (from 0): 4, 9." in render_findings([LOOP], [], [])


def test_parts_that_are_too_small_have_no_score() -> None:
    table = blocks(LOOP)[-1]
    assert table.split("\n") == [
        "| part | examples | BLEU |",
        "| --- | --- | --- |",
        "| a\\|b | 12 | 31.26 |",
        "| rest | 3 | fewer than 10 |",
    ]


def test_a_report_says_if_nothing_is_wrong() -> None:
    assert render_findings([SHORT], [], []) == [
        "## What went wrong",
        "Looked for and not found: too short (in 60).",
    ]
    assert render_findings([], [], []) == []


def test_the_terminal_has_notable_ones_with_their_line() -> None:
    often = Finding("empty", "empty", 9, 10, (1,), "train longer   # because", True)
    lines = [line.plain for line in finding_lines([LOOP, EMPTY, SHORT, often])]
    assert lines == [
        "empty: 9 of 10 (90.0 %) → train longer",
        "the same words again: 3 of 60 (5.0 %) → decoding.no_repeat_ngram_size=3",
    ]


def diagnosed(*findings: Finding) -> Report:
    report = build_report(
        Evidence(["a b", "x"], [["a b"], ["y"]], reached_limit=[True, False]), ["wer"]
    )
    return replace(report, findings=findings, breakdowns=(PARTS,))


def test_reports_show_them_where_they_have_them() -> None:
    text = render_markdown(diagnosed(LOOP))
    assert "## What went wrong" in text
    assert "## Scores of parts of the test set\n\n### By length" in text
    assert text.index("## What went wrong") < text.index("## Best examples")


def test_the_terminal_report_shows_them() -> None:
    stream = io.StringIO()
    print_report(diagnosed(LOOP, EMPTY), Console(file=stream, width=120))
    assert "the same words again: 3 of 60" in stream.getvalue()
    assert "empty" not in stream.getvalue()

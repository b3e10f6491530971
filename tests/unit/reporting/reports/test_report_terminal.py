"""Test the report on a terminal."""

from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from t5tune.reporting.reports.report import Origin
from t5tune.reporting.reports.report_building import build_report
from t5tune.reporting.reports.report_terminal import print_report
from t5tune.scoring.diagnosis.evidence import Evidence

ORIGIN = Origin(run="wmt-en-de", split="test", engine="torch")
EVIDENCE = Evidence(
    ["a b c d", "x \x1b[2Jy", "[red]a[/red] b", "e f g h"],
    [["a b c d"], ["k", "z"], ["c"], ["e f g h"]],
    sources=["one", "two\u2028lines", "three", "four"],
    reached_limit=[False] * 4,
)


def printed(evidence: Evidence = EVIDENCE, origin: Origin = ORIGIN, width: int = 100) -> str:
    stream = io.StringIO()
    report = build_report(evidence, ["bleu", "chrf"], origin=origin)
    print_report(report, Console(file=stream, width=width))
    return stream.getvalue()


def test_scores_with_signatures_and_the_worst_examples() -> None:
    text = printed()
    assert text.startswith("wmt-en-de, test: 4 examples, decoded with torch\n")
    assert "nrefs:var|case:mixed" in text
    assert "chrF2++" in text
    assert "length limit" not in text
    worst = text.partition("worst examples by BLEU")[2].split("\n")
    assert [line.split()[:3] for line in worst[1:7]] == [
        ["0.0", "source", r"two\u2028lines"],
        ["hypothesis", "x", r"\x1b[2Jy"],
        ["reference", "k"],
        ["reference", "z"],
        ["0.0", "source", "three"],
        ["hypothesis", "[red]a[/red]", "b"],
    ]


def test_text_cannot_style_or_move_anything() -> None:
    text = printed()
    assert "\x1b" not in text
    assert "[red]a[/red] b" in text


def test_hypotheses_at_the_length_limit_are_told() -> None:
    assert "stopped at the length limit" in printed(replace(EVIDENCE, reached_limit=[True] * 4))


def test_files_without_sources_and_narrow_terminals() -> None:
    text = printed(replace(EVIDENCE, sources=None), Origin(), width=40)
    assert text.startswith("scores: 4 examples\n")
    assert "source" not in text
    assert max(map(len, text.split("\n"))) <= 40

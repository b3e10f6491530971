"""Test the written forms of a comparison."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from t5tune.reporting.comparisons.comparison_markdown import render_markdown
from t5tune.reporting.comparisons.comparison_terminal import print_comparison
from t5tune.reporting.comparisons.comparison_text import format_json, format_lines
from t5tune.scoring.score import ScoringOptions
from t5tune.scoring.significance.comparison import Comparison, Resampling, compare_systems
from t5tune.scoring.system_output import SystemOutput

REFERENCES = [["a b c d"], ["one two"], ["x"], ["yes | no"]]
BASELINE = ["a b c d", "one three", "y", "yes | no"]
BETTER = ["a b c d", "one two", "x", "no"]
RESAMPLING = Resampling(num_resamples=50, num_trials=60)


@pytest.fixture
def comparison() -> Comparison:
    return compare_systems(
        {
            "old": SystemOutput(BASELINE, REFERENCES, ["s0", "s1", "s2", "s3"]),
            "new": SystemOutput(BETTER, REFERENCES, ["s0", "s1", "s2", "s3"]),
            "old again": SystemOutput(BASELINE, REFERENCES, ["s0", "s1", "s2", "s3"]),
        },
        ["wer", "exact_match"],
        ScoringOptions(),
        split="test",
        resampling=RESAMPLING,
    )


def test_json_holds_every_example(comparison: Comparison) -> None:
    document = json.loads(format_json(comparison))
    assert document["schema_version"] == 1
    assert (document["baseline"], document["split"], document["num_examples"]) == ("old", "test", 4)
    assert (document["num_resamples"], document["num_trials"], document["seed"]) == (50, 60, 12345)
    assert document["examples"][1] == {
        "index": 1,
        "source": "s1",
        "references": ["one two"],
        "hypotheses": ["one three", "one two", "one three"],
        "scores": {"WER": [50.0, 0.0, 50.0], "exact_match": [0.0, 100.0, 0.0]},
    }
    old, new, _ = document["systems"]
    assert old["differences"] == []
    assert old["num_different_outputs"] is None
    assert new["examples"]["WER"] == {"wins": 2, "losses": 1, "ties": 1}
    assert [one["score"] for one in new["differences"]] == ["WER", "exact_match"]
    assert "|bs:50|ar:60|seed:12345|" in new["scores"][0]["signature"]


def test_markdown_and_lines(comparison: Comparison) -> None:
    document = render_markdown(comparison)
    assert "# Comparison on test: old, new, old again" in document
    assert "| old again |" in document
    assert "### Largest losses by WER" in document
    assert "yes \\| no" in document  # a pipe must not end the cell
    for line in document.splitlines():
        if line.startswith("| 3 |"):
            assert line.replace("\\|", "").count("|") == 7
    lines = format_lines(comparison).splitlines()
    assert lines[0].startswith("WER  nrefs:1|")
    assert lines[1].endswith("  baseline")
    assert "bootstrap p=" in lines[2]
    assert lines[-2].startswith("new against old: 1 of 4 outputs are the same; by example, WER: 2 ")


def test_terminal_shows_verdicts_and_examples_and_no_control_characters() -> None:
    comparison = compare_systems(
        {
            "old": SystemOutput(["a\x1b[2J", "b"], [["a"], ["b"]]),
            "new": SystemOutput(["a", "c"], [["a"], ["b"]]),
        },
        ["cer"],
        ScoringOptions(),
        resampling=RESAMPLING,
    )
    stream = io.StringIO()
    print_comparison(comparison, Console(file=stream, width=80))
    text = stream.getvalue()
    assert "new: too few outputs differ to tell (2)" in text
    assert "largest wins by CER" in text
    assert "largest losses by CER" in text
    assert "\x1b" not in text

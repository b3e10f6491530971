"""Wins, losses, and what the written forms of a comparison say."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from t5tune.reporting.comparison_markdown import render_markdown
from t5tune.reporting.comparison_terminal import print_comparison
from t5tune.reporting.comparison_text import format_json, format_lines
from t5tune.scoring.score import ScoringOptions
from t5tune.scoring.significance.comparison import Comparison, Resampling, _judge, compare_systems
from t5tune.scoring.significance.paired_tests import PairedResult
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


def test_wins_and_losses_heed_the_direction(comparison: Comparison) -> None:
    _, new, same = comparison.systems
    for tally in new.tallies:  # an error rate and a share of matches
        assert (tally.wins, tally.losses, tally.ties) == (2, 1, 1)
    assert comparison.example_gains(new) == [0, 50, 100, pytest.approx(-200 / 3)]
    assert comparison.largest_wins(new) == [2, 1]
    assert comparison.largest_losses(new) == [3]
    assert new.num_different == 3
    assert (same.num_different, comparison.largest_wins(same)) == (0, [])
    assert {one.verdict for one in same.differences} == {"the same outputs"}
    assert [one.verdict for one in new.differences] == [
        "the same score",
        "too few outputs differ to tell (3)",
    ]


def test_differences_are_system_minus_baseline(comparison: Comparison) -> None:
    old, new, _ = comparison.systems
    assert comparison.baseline is old
    assert old.differences == ()
    for number, difference in enumerate(new.differences):
        assert difference.value == new.scores[number].value - old.scores[number].value
        assert difference.confidence_interval[0] <= difference.value
        assert difference.confidence_interval[1] >= difference.value
        assert set(difference.p_values) == {"bootstrap", "randomization"}
    assert new.differences[1].value == 25


def test_verdicts_double_the_one_sided_p_value_of_the_bootstrap() -> None:
    for p_value, verdict in ((0.03, "no evidence of a difference"), (0.02, "better (p < 0.05)")):
        result = PairedResult(1.0, (0.0, 2.0), {"bootstrap": p_value})
        assert _judge(result, False, 90, 1).verdict == verdict
    result = PairedResult(1.0, (0.0, 2.0), {"randomization": 0.03})
    assert _judge(result, False, 90, 1).verdict == "better (p < 0.05)"


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


def test_one_test_alone(comparison: Comparison) -> None:
    alone = compare_systems(
        {"old": SystemOutput(BASELINE, REFERENCES), "new": SystemOutput(BETTER, REFERENCES)},
        ["wer"],
        ScoringOptions(),
        resampling=Resampling(tests=("bootstrap",), num_resamples=50),
    )
    assert set(alone.systems[1].differences[0].p_values) == {"bootstrap"}
    assert "|ar:" not in alone.systems[1].scores[0].signature
    assert json.loads(format_json(alone))["num_trials"] is None
    both = comparison.systems[1].differences[0].p_values["bootstrap"]
    assert alone.systems[1].differences[0].p_values["bootstrap"] == both


def test_markdown_and_lines(comparison: Comparison) -> None:
    document = render_markdown(comparison)
    assert "# Comparison on test: old, new, old again" in document
    assert "| old again |" in document
    assert "### Largest losses by WER" in document
    assert "yes \\| no" in document  # a pipe does not end the cell
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

"""Test the report as programs and as people read it."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest

from t5tune.files.writing import write_texts
from t5tune.reporting.reports.report import (
    Origin,
    Report,
    format_json,
    format_scores,
    render_report,
)
from t5tune.reporting.reports.report_building import build_report
from t5tune.scoring.compute import score_hypotheses, sentence_scores
from t5tune.scoring.diagnosis.diagnose import finding_to_json
from t5tune.scoring.diagnosis.evidence import Evidence
from t5tune.scoring.system_output import SystemOutput

REFERENCES = [[f"the number {number} is here today"] for number in range(12)]
# Number n has n wrong words at its end, so the examples are ordered from best to worst.
HYPOTHESES = [f"the number {number} is here today" + " wrong" * number for number in range(12)]


def small_report(**changes: object) -> Report:
    report = build_report(
        Evidence(
            ["a b c d", "x"],
            [["a b c d"], ["y", "z"]],
            sources=["one", "two"],
            reached_limit=[False, False],
            decoding={"num_beams": 4, "max_new_tokens": 128},
        ),
        ["bleu", "wer"],
        origin=Origin(run="wmt-en-de", split="test", engine="torch-fp32"),
    )
    return dataclasses.replace(report, **changes)  # type: ignore[arg-type]


def test_json_has_exactly_the_published_shape() -> None:
    bleu, wer = score_hypotheses(
        ["bleu", "wer"], SystemOutput(["a b c d", "x"], [["a b c d"], ["y", "z"]])
    )
    report = small_report()
    with_interval = dataclasses.replace(
        report,
        scores=(dataclasses.replace(report.scores[0], confidence_interval=(1.5, 2.5)), wer),
    )
    expected = {
        "schema_version": 3,
        "run": "wmt-en-de",
        "split": "test",
        "num_examples": 2,
        "engine": "torch-fp32",
        "decoding": {"num_beams": 4, "max_new_tokens": 128},
        "scores": [
            {
                "name": "BLEU",
                "value": bleu.value,
                "signature": bleu.signature,
                "confidence_interval": [1.5, 2.5],
            },
            {
                "name": "WER",
                "value": wer.value,
                "signature": wer.signature,
                "confidence_interval": None,
            },
        ],
        "num_length_limited": 0,
        "examples": {
            "metric": "BLEU",
            "best": [
                {
                    "index": 0,
                    "source": "one",
                    "hypothesis": "a b c d",
                    "references": ["a b c d"],
                    "score": sentence_scores("bleu", SystemOutput(["a b c d"], [["a b c d"]]))[0],
                }
            ],
            "worst": [
                {
                    "index": 1,
                    "source": "two",
                    "hypothesis": "x",
                    "references": ["y", "z"],
                    "score": 0.0,
                }
            ],
            "found": [],
        },
        "weights": None,
        "findings": [finding_to_json(finding) for finding in report.findings],
        "breakdowns": [],
    }
    # Compared as text, so that the order of the keys counts too.
    assert format_json(with_interval) == json.dumps(expected, indent=2)


def test_without_a_model_what_is_unknown_is_null() -> None:
    document = build_report(Evidence(["a"], [["a"]]), ["wer"]).to_json()
    assert document["run"] is document["split"] is document["engine"] is None
    assert document["num_length_limited"] is None
    assert document["decoding"] == {}


@pytest.mark.parametrize("metric", ["bleu", "wer"])
def test_best_and_worst_follow_the_direction_of_the_metric(metric: str) -> None:
    report = build_report(Evidence(HYPOTHESES, REFERENCES), [metric, "chrf"])
    assert [example.index for example in report.best] == [0, 1, 2, 3, 4]
    assert [example.index for example in report.worst] == [11, 10, 9, 8, 7]


def test_equal_examples_come_by_index_and_none_comes_twice() -> None:
    report = build_report(Evidence(["a"] * 12, [["a"]] * 12), ["exact_match"])
    assert [example.index for example in report.best] == [0, 1, 2, 3, 4]
    assert [example.index for example in report.worst] == [5, 6, 7, 8, 9]
    three = build_report(Evidence(["a", "b", "c"], [["a"], ["b"], ["x"]]), ["exact_match"])
    assert [example.index for example in three.best] == [0, 1]
    assert [example.index for example in three.worst] == [2]
    one = build_report(Evidence(["a"], [["a"]]), ["exact_match"])
    assert (len(one.best), len(one.worst)) == (1, 0)


def test_callers_mistakes_are_not_user_errors() -> None:
    with pytest.raises(ValueError, match="at least one metric"):
        build_report(Evidence(["a"], [["a"]]), [])
    with pytest.raises(ValueError, match="2 sources for 1"):
        build_report(Evidence(["a"], [["a"]], sources=["a", "b"]), ["wer"])


def test_markdown_states_scores_signatures_and_decoding() -> None:
    text = small_report().to_markdown()
    assert text.startswith("# wmt-en-de, test\n\n2 examples, decoded with `torch-fp32`.\n")
    row = r"^\| BLEU \| \d+\.\d\d \| not estimated \| `nrefs:var\\\|case:mixed\\\|"
    assert re.search(row, text, re.M)
    assert "- `num_beams: 4`\n- `max_new_tokens: 128`\n" in text
    assert text.endswith("|\n")
    assert not text.endswith("\n\n")


def test_markdown_survives_any_text() -> None:
    nasty = "a | b\nc\r\nd `code` ``x`` <b>bold</b> *s* [l](u) \\ \u2028 \x00 $x$"
    report = build_report(
        Evidence([nasty, ""], [[nasty], ["r|1", "r\n2"]], sources=["", "|"]), ["exact_match"]
    )
    lines = report.to_markdown().split("\n")
    tables = [line for line in lines if line.startswith("|")]
    assert len(tables) == 3 + 3 + 3 + 3  # scores, findings, best, worst
    for line in tables:
        cells = re.split(r"(?<!\\)\|", line)
        assert len(cells) in (4 + 2, 5 + 2)
    row = next(line for line in tables if line.startswith("| 0 |"))
    assert "a \\| b ⏎ c ⏎ d \\`code\\` \\`\\`x\\`\\` \\<b\\>bold\\</b\\>" in row
    assert "\\*s\\* \\[l\\](u) \\\\ " in row
    assert not re.search(r"[\x00\r\u2028]", "".join(lines))
    assert any(line.endswith("| *(empty)* | r\\|1<br>r ⏎ 2 |") for line in tables)


def test_markdown_shortens_long_texts_and_json_does_not() -> None:
    report = build_report(Evidence(["word " * 500], [["word"]]), ["wer"])
    assert "word …" in report.to_markdown()
    assert len(report.to_markdown()) < 3000
    assert report.best[0].hypothesis == "word " * 500
    assert "word " * 500 in format_json(report)


def test_terminal_lines() -> None:
    report = small_report()
    bleu, wer = report.scores
    assert format_scores(report) == (
        f"BLEU {bleu.value:.2f}  {bleu.signature}\nWER {wer.value:.2f}  {wer.signature}"
    )
    interval = dataclasses.replace(bleu, confidence_interval=(26.712, 28.0))
    assert " [26.71, 28.00]  nrefs" in format_scores(small_report(scores=(interval,)))


def test_files_are_complete_and_repeatable(tmp_path: Path) -> None:
    report = small_report()
    directory = tmp_path / "eval" / "test"
    write_texts(render_report(report, directory))
    first = {path.name: path.read_bytes() for path in directory.iterdir()}
    assert set(first) == {"report.json", "report.md"}
    assert all(data.endswith(b"\n") and b"\r" not in data for data in first.values())
    assert json.loads(first["report.json"]) == report.to_json()
    write_texts(render_report(small_report(), directory))
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == first


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    write_texts(render_report(small_report(), tmp_path))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    lone_surrogate = small_report(run="\ud800")
    with pytest.raises(UnicodeEncodeError):
        write_texts(render_report(lone_surrogate, tmp_path))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_text_stays_readable_in_json(tmp_path: Path) -> None:
    write_texts(
        render_report(build_report(Evidence(["größer 日本"], [["größer"]]), ["wer"]), tmp_path)
    )
    assert "größer 日本" in (tmp_path / "report.json").read_text(encoding="utf-8")

"""Test reading stored reports."""

from __future__ import annotations

import json
from pathlib import Path

from t5tune.files.writing import write_texts
from t5tune.reporting.reports.report import Origin, Report, render_report
from t5tune.reporting.reports.report_building import build_report
from t5tune.reporting.reports.stored_report import read_report
from t5tune.scoring.diagnosis.evidence import Evidence


def build() -> Report:
    return build_report(
        Evidence(
            ["a b c d", "x", ""] * 40,
            [["a b c d"], ["y z"], ["one"]] * 40,
            sources=["one", "one two three four five six seven", "three"] * 40,
            reached_limit=[False, True, False] * 40,
            target_lang="de",
            decoding={"num_beams": 4, "max_new_tokens": 128},
        ),
        ["bleu", "wer", "length_ratio"],
        origin=Origin(run="wmt-en-de", split="test", engine="torch-fp32", weights="step 500"),
        num_resamples=50,
    )


def test_a_report_is_read_as_it_was_written(tmp_path: Path) -> None:
    report = build()
    assert report.findings
    assert report.breakdowns
    assert report.scores[0].confidence_interval is not None
    write_texts(render_report(report, tmp_path))
    read = read_report(tmp_path / "report.json")
    assert read is not None
    assert read.to_json() == report.to_json()
    assert (read.scores, read.best, read.worst) == (report.scores, report.best, report.worst)


def test_version_2_called_a_count_by_another_name(tmp_path: Path) -> None:
    report = build()
    stored = report.to_json()
    findings = json.loads(json.dumps(stored["findings"]))
    for finding in findings:
        finding["num_looked_at"] = finding.pop("num_checked")
    path = tmp_path / "report.json"
    path.write_text(json.dumps({**stored, "schema_version": 2, "findings": findings}))
    read = read_report(path)
    assert read is not None
    assert read.to_json() == stored


def test_what_is_not_a_report_is_none(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    assert read_report(path) is None
    stored = build().to_json()
    for damaged in (
        {},
        {**stored, "schema_version": 1},
        {**stored, "scores": [{"name": "BLEU"}]},
        {**stored, "findings": [5]},
        {**stored, "examples": 7},
    ):
        path.write_text(json.dumps(damaged))
        assert read_report(path) is None, damaged.keys()

"""Test that report.schema.json describes exactly what report.json holds."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from t5tune.reporting.reports.report import Origin
from t5tune.reporting.reports.report_building import build_report
from t5tune.scoring.diagnosis.evidence import Evidence

SCHEMA = json.loads(files("t5tune.reporting").joinpath("report.schema.json").read_text("utf-8"))
BUCKET_SCORE = {"name": "BLEU", "value": 3.0, "signature": "s", "confidence_interval": [1.0, 5.0]}


def whole_report() -> dict[str, Any]:
    report = build_report(
        Evidence(
            ["a b c d", "x", "y"],
            [["a b c d"], ["y", "z"], ["y"]],
            reached_limit=[True, False, False],
            decoding={"num_beams": 4},
        ),
        ["bleu", "rouge", "wer"],
        origin=Origin(run="wmt-en-de"),
    )
    value = json.loads(json.dumps(report.to_json()))
    value["findings"] = [
        {
            "name": "hit_length_limit",
            "title": "stopped at the length limit",
            "num_found": 1,
            "num_checked": 3,
            "rate": 1 / 3,
            "examples": [0],
            "remedy": None,
            "is_notable": True,
        }
    ]
    value["breakdowns"] = [
        {
            "name": "source_length",
            "title": "length of the source in words",
            "buckets": [
                {"label": "1 to 10", "num_examples": 3, "scores": [BUCKET_SCORE]},
                {"label": "11 to 20", "num_examples": 0, "scores": []},
            ],
        }
    ]
    return value


def problems(value: object) -> list[str]:
    return [error.message for error in Draft202012Validator(SCHEMA).iter_errors(value)]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_a_real_report_fits_with_and_without_the_optional_parts() -> None:
    report = whole_report()
    assert problems(report) == []
    del report["findings"], report["breakdowns"]
    assert problems(report) == []


def test_a_report_of_version_2_fits() -> None:
    report = whole_report()
    report["schema_version"] = 2
    assert problems(report)
    report["findings"][0]["num_looked_at"] = report["findings"][0].pop("num_checked")
    assert problems(report) == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda report: report.update(schema_version=1),
        lambda report: report.pop("weights"),
        lambda report: report.update(started="2026-01-01"),
        lambda report: report.update(scores=[]),
        lambda report: report["scores"][0].update(value="27.3"),
        lambda report: report["scores"][0].pop("signature"),
        lambda report: report["scores"][0].update(confidence_interval=[1.0]),
        lambda report: report["examples"]["best"][0].update(references=[]),
        lambda report: report["findings"][0].update(rate=33.0),
        lambda report: report["findings"][0].pop("remedy"),
        lambda report: report["findings"][0].pop("num_checked"),
        lambda report: report["findings"][0].update(num_looked_at=3),
        lambda report: report["breakdowns"][0]["buckets"][0].pop("num_examples"),
    ],
)
def test_what_is_not_a_report_does_not_fit(spoil: Callable[[dict[str, Any]], object]) -> None:
    report = copy.deepcopy(whole_report())
    spoil(report)
    assert problems(report)

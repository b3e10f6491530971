"""Test adding a metric and a finding as CONTRIBUTING.md says: a module and an entry each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import write_tiny_recipe

MODULES = {
    "first_words": '''\
"""Share of hypotheses that begin with the right word."""
from t5tune.scoring.metrics.additive_metric import AdditiveMetric
from t5tune.scoring.score import Score, format_signature


class FirstWordScorer(AdditiveMetric):
    def __init__(self, options):
        pass

    def collect_row(self, hypothesis, references):
        start = hypothesis.split()[:1]
        return (100.0 * any(one.split()[:1] == start for one in references),)

    def score_rows(self, rows, references):
        mean = sum(value for (value,) in rows) / len(rows)
        return [Score("opening", mean, format_signature(references, unit="word"))]

    def build_statistics(self, rows):
        from t5tune.scoring.metrics.statistics import MeanStatistics

        return MeanStatistics(rows)
''',
    "deviations": '''\
"""Hypotheses that are not their reference."""
from t5tune.scoring.diagnosis.sightings import Sightings


def find_deviations(evidence):
    pairs = enumerate(zip(evidence.hypotheses, evidence.references, strict=True))
    differing = [index for index, (text, references) in pairs if text not in references]
    return Sightings(len(evidence), dict.fromkeys(differing, 1.0))


def mend_deviations(evidence, seen):
    return "decoding.num_beams=7   # a wider search"
''',
    # Add the two entries as the tables would have them, then run the command.
    "added": """\
import sys

from t5tune.scoring.diagnosis.detectors import DETECTORS, Detector
from t5tune.scoring.registry import METRICS, MetricSpec

from deviations import find_deviations, mend_deviations

METRICS["opening"] = MetricSpec(
    "opening", "right first words", ("opening",), "first_words:FirstWordScorer"
)
DETECTORS["deviation"] = Detector(
    "deviation", "another text", 0.01, find_deviations, mend_deviations
)

from t5tune.cli.app import main

sys.exit(main())
""",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with tiny.yaml, its data, and the modules."""
    path = tmp_path_factory.mktemp("added")
    for name, text in MODULES.items():
        (path / f"{name}.py").write_text(text, encoding="utf-8")
    write_tiny_recipe(path)
    return path


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of a t5tune with the metric and the finding."""
    return subprocess.run(
        [sys.executable, "added.py", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def trained(folder: Path) -> Path:
    """Return a run whose best checkpoint the added metric has chosen."""
    metrics = "evaluation.metrics=[bleu, opening]"
    done = run(folder, "train", "tiny.yaml", metrics, "evaluation.best_metric=opening")
    assert done.returncode == 0, done.stderr
    return folder / "runs" / "tiny"


def test_recipes_know_the_metric(folder: Path) -> None:
    done = run(folder, "validate", "tiny.yaml", "evaluation.metrics=[openning]")
    assert "comet, opening or evaluate:NAME, found 'openning'; did you mean opening?" in (
        done.stderr
    )
    assert run(folder, "validate", "tiny.yaml", "evaluation.metrics=[opening]").returncode == 0


def test_the_metric_chooses_the_checkpoint_and_judges_the_export(trained: Path) -> None:
    lines = (trained / "log.jsonl").read_text(encoding="utf-8").splitlines()
    validations = [line["validation"] for line in map(json.loads, lines) if "validation" in line]
    assert validations
    assert all("opening" in one for one in validations)
    parity = json.loads((trained / "ctranslate2-int8/parity.json").read_text(encoding="utf-8"))
    assert parity["metric"] == "opening"
    assert "opening" in (trained / "model/README.md").read_text(encoding="utf-8")


def test_the_report_shows_both_in_every_form(trained: Path) -> None:
    evaluation = trained / "eval" / "test"
    report = json.loads((evaluation / "report.json").read_text(encoding="utf-8"))
    assert [score["name"] for score in report["scores"]] == ["BLEU", "opening"]
    score = report["scores"][1]
    assert score["signature"].startswith("nrefs:1|bs:1000|seed:12345|unit:word|")
    assert len(score["confidence_interval"]) == 2
    finding = report["findings"][-1]
    assert (finding["name"], finding["is_notable"]) == ("deviation", True)
    assert finding["num_found"] == len(
        [row for row in read_rows(evaluation) if row["hypothesis"] not in row["references"]]
    )
    assert "decoding.num_beams=7" in finding["remedy"]

    for name in ("report.md", "report.html"):
        text = (evaluation / name).read_text(encoding="utf-8")
        assert all(part in text for part in ("opening", "another text", "beams=7")), name


def test_texts_are_scored_and_compared_by_the_metric(trained: Path, folder: Path) -> None:
    (folder / "good").write_text("a b\nc d\n", encoding="utf-8")
    (folder / "bad").write_text("a x\nx d\n", encoding="utf-8")
    done = run(folder, "score", "bad", "--reference", "good", "--metric", "opening", "--json")
    assert json.loads(done.stdout)["scores"][0]["value"] == 50.0
    arguments = ("good", "bad", "--reference", "good", "--metric", "opening", "--json")
    compared = json.loads(run(folder, "compare", *arguments).stdout)
    assert compared["systems"][1]["differences"][0]["value"] == -50.0


def read_rows(evaluation: Path) -> list[dict[str, object]]:
    text = (evaluation / "examples.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]

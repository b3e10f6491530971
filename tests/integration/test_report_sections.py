"""Test what a report says beside its test set: contrastive sets and what was kept."""

from __future__ import annotations

import json
import shutil
from importlib.resources import files
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from t5tune.reporting.reports.stored_report import read_report
from tests.conftest import TINY, RunCommand, TrainOnce, number_pairs

SCHEMA = json.loads(files("t5tune.reporting").joinpath("report.schema.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def base(train_once: TrainOnce, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kept") / "trained"
    shutil.copytree(train_once(), folder)
    return folder


def write_recipe(folder: Path) -> Path:
    """Write a recipe that tunes the model of the tiny run, with a set and a task to keep."""
    rows = [
        {"source": one, "right": right, "wrong": ["vier vier", "x"], "category": f"c{number % 2}"}
        for number, (one, right) in enumerate(number_pairs(6, 400))
    ]
    (folder / "set.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    recipe = {
        **TINY,
        "name": "tuned",
        "model": {"name": "./runs/tiny/model"},
        "training": {**TINY["training"], "max_steps": 4},
        "evaluation": {
            "contrastive": "set.jsonl",
            "keep": [
                {"source_lang": "en", "target_lang": "de", "file": "validation.tsv"},
                {"name": "copies", "task": "text2text", "file": "test.tsv", "metrics": ["chrf"],
                 "source": "en", "target": "en"},
            ],
        },
    }  # fmt: skip
    path = folder / "tuned.yaml"
    path.write_text(yaml.safe_dump(recipe, sort_keys=False, allow_unicode=True))
    return path


def test_a_run_reports_contrastive_sets_and_what_was_kept(
    base: Path, t5tune: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(base)
    trained = t5tune("train", write_recipe(base), "export=none")
    assert trained.code == 0, trained.err
    directory = base / "runs/tuned/eval/test"
    stored = json.loads((directory / "report.json").read_text())
    Draft202012Validator(SCHEMA).validate(stored)
    sections = {section["name"]: section for section in stored["beside"]}
    assert list(sections) == ["keep", "contrastive"]
    (found,) = sections["contrastive"]["values"]["sets"]
    assert [one["num_items"] for one in found["accuracies"]] == [6, 3, 3]
    assert found["gap"] is None
    kept = sections["keep"]["values"]
    assert [task["name"] for task in kept["tasks"]] == ["en to de", "copies"]
    assert [score["name"] for score in kept["tasks"][0]["tuned"]] == ["BLEU", "chrF2++"]
    assert kept["base"]["name"] == "model"
    markdown = (directory / "report.md").read_text()
    page = (directory / "report.html").read_text()
    for title in ("Contrastive set set", "What the model has kept and lost"):
        assert f"## {title}" in markdown
        assert f">{title}</h2>" in page
    read = read_report(directory / "report.json")
    assert read is not None
    assert json.loads(json.dumps(read.to_json())) == stored
    again = t5tune("eval", "tuned", "--json")
    assert json.loads(again.out) == stored
    (base / "runs/tiny").rename(base / "runs/gone")
    lost = t5tune("eval", "tuned")
    (base / "runs/gone").rename(base / "runs/tiny")
    assert lost.code == 1
    assert "is neither an existing directory" in lost.err


def test_given_pairs_are_scored_as_hypotheses_are(
    base: Path, t5tune: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    import t5tune as door

    monkeypatch.chdir(base)
    pairs = number_pairs(5, 500)
    Path("s.txt").write_text("".join(f"{source}\n" for source, _ in pairs))
    Path("t.txt").write_text("".join(f"{target}\n" for _, target in pairs))
    Path("p.tsv").write_text("en\tde\n" + "".join(f"{s}\t{t}\n" for s, t in pairs))
    text = t5tune("score-pairs", "tiny", "--source", "s.txt", "--target", "t.txt")
    assert text.code == 0, text.err
    assert "scored: 5 pairs" in text.err
    rows = [line.split("\t") for line in text.out.splitlines()]
    lines = t5tune("score-pairs", "tiny", "--pairs", "p.tsv", "--jsonl").out.splitlines()
    scored = door.load("tiny", engine="torch").score_pairs(*map(list, zip(*pairs, strict=True)))
    for row, line, pair, (source, _) in zip(rows, lines, scored, pairs, strict=True):
        value = json.loads(line)
        assert value["source"] == source
        assert float(row[0]) == pytest.approx(value["log_probability"], abs=1e-6)
        assert float(row[1]) == pytest.approx(value["per_token"], abs=1e-6)
        assert int(row[2]) == len(value["tokens"]) == pair.num_tokens
        total = sum(token["log_probability"] for token in value["tokens"])
        assert total == pytest.approx(pair.log_probability)
    whole = json.loads(
        t5tune("score-pairs", "tiny", "--source", "s.txt", "--target", "t.txt", "--json").out
    )
    assert whole["num_tokens"] == sum(pair.num_tokens for pair in scored)
    assert whole["pairs"] == [json.loads(line) for line in lines]
    refused = t5tune("score-pairs", "tiny", "--source", "s.txt")
    assert (refused.code, "--source and --target go together" in refused.err) == (1, True)

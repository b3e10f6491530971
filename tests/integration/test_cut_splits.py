"""Test a run whose validation and test sets are cut from its training data."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml

from t5tune.recipe.loading import load_recipe
from tests.conftest import RunCommand, number_pairs, write_pairs
from tests.integration.test_data_flows_once import count_calls
from tests.weights import weights


@pytest.fixture
def recipe(tiny_recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a recipe with one file of 150 pairs, each twice."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("T5TUNE_CACHE", "cache")
    pairs = [(f"{source} {i}", target) for i, (source, target) in enumerate(number_pairs(150))]
    write_pairs(tmp_path, "train", pairs * 2)
    content = yaml.safe_load(tiny_recipe.read_text(encoding="utf-8"))
    content["data"]["validation"] = {"from": "train", "size": 10}
    content["data"]["test"] = {"from": "train", "size": "4%"}
    content["export"] = "none"
    content["model"]["from_scratch"]["tokenizer"] = {"type": "bytes"}
    tiny_recipe.write_text(yaml.safe_dump(content), encoding="utf-8")
    return tiny_recipe


def sources(evaluation: Path) -> list[str]:
    lines = (evaluation / "examples.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["source"] for line in lines]


def test_a_run_keeps_its_cuts(
    t5tune: RunCommand, recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = count_calls(monkeypatch, "choose_cuts", "t5tune.data.store.stored_cuts")
    assert t5tune("validate", recipe).code == 0
    trained = t5tune("train", recipe)
    assert trained.code == 0, trained.err
    for line in (
        "data: 10 of 300 examples of data.train are validation",
        "data: 12 of 300 examples of data.train are test",
        "data: 278 training examples, 10 validation, 12 test",
    ):
        assert trained.err.count(line) == 1
    run = Path("runs/tiny")
    written = load_recipe(run / "recipe.yaml").data
    assert written.cuts == load_recipe(recipe).data.cuts
    report = json.loads((run / "eval/test/report.json").read_text(encoding="utf-8"))
    assert report["num_examples"] == 12
    overlaps = list((run / "cache/overlaps").iterdir())
    assert len(overlaps) == 2
    for overlap in overlaps:
        agreement = json.loads(overlap.read_text(encoding="utf-8"))["agreement"]
        assert not {"exact", "same_source"} & set(agreement)

    evaluated = t5tune("eval", run, "--output-dir", "again", "--no-cache")
    assert evaluated.code == 0, evaluated.err
    assert sources(Path("again")) == sources(run / "eval/test")

    before = weights(run)
    for name in ("model", "eval", "checkpoints/checkpoint-8"):
        shutil.rmtree(run / name)
    resumed = t5tune("train", recipe)
    assert resumed.code == 0, resumed.err
    assert "resuming from runs/tiny/checkpoints/checkpoint-4" in resumed.err
    assert weights(run).keys() == before.keys()
    assert all((weights(run)[name] == tensor).all() for name, tensor in before.items())
    assert len(chosen) == 1
    assert "22 examples          used today  train.tsv" in t5tune("cache", "list").out
    assert t5tune("cache", "prune", "--days", "0").code == 0
    assert "0 in" in t5tune("cache", "list").out
    changed = t5tune("train", recipe, "data.test.size=20")
    assert changed.code == 1
    assert "these keys differ: data.test.size." in changed.err

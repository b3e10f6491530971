"""Test commands that load their data from the hub."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.conftest import TINY, RunCommand, number_pairs
from tests.hub.data_sets import SPLITS, translation_files
from tests.hub.server import Hub

NAME = "wmt/wmt14"


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a recipe with four steps on a data set of the hub."""
    data = {split: {"hub": NAME, "config": "de-en", "split": split} for split in SPLITS}
    training = {**TINY["training"], "max_steps": 4}  # type: ignore[dict-item]
    content = {**TINY, "data": data, "training": training, "export": "none"}
    path = tmp_path / "tiny.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return path


def test_a_run_keeps_the_data_that_it_started_with(
    hub_here: Hub, t5tune: RunCommand, recipe: Path
) -> None:
    repository = hub_here.add("datasets", NAME, translation_files())
    first = repository.branches["main"]
    result = t5tune("train", recipe)
    assert result.code == 0, result.err
    run = Path("runs/tiny")

    others = {split: number_pairs(len(pairs), 400) for split, pairs in SPLITS.items()}
    repository.commit(translation_files(others))
    hub_here.requests.clear()
    result = t5tune("train", recipe, "training.max_steps=8")
    assert result.code == 0, result.err
    assert '"step": 8' in (run / "log.jsonl").read_text()
    assert json.loads((run / "environment.json").read_text())["commits"] == {
        f"data.{split}": first for split in SPLITS
    }
    data = yaml.safe_load((run / "recipe.yaml").read_text())["data"]
    assert {data[split]["revision"] for split in SPLITS} == {first}
    # The same command and the run's own recipe mean the same run, because the recipes do not
    # differ.
    for again in (recipe, run / "recipe.yaml"):
        result = t5tune("train", again, *(["training.max_steps=8"] if again == recipe else []))
        assert result.code == 0, result.err
        assert "this run is finished" in result.err
    result = t5tune("eval", run, "--split", "validation", "--json")
    assert result.code == 0, result.err
    assert json.loads(result.out)["num_examples"] == len(SPLITS["validation"])
    assert hub_here.requests == []  # commits and files are cached

    result = t5tune("train", recipe, "--restart")
    assert result.code == 0, result.err
    data = yaml.safe_load(Path("runs/tiny-2/recipe.yaml").read_text())["data"]
    assert data["train"]["revision"] == repository.branches["main"] != first

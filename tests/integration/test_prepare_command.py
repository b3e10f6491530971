"""Training data that is prepared before training, here and on a cluster: the same files."""

from __future__ import annotations

import importlib.util
import json
import os
import secrets
import sys
from pathlib import Path

import pytest
import yaml

from t5tune.data.readers.open_splits import OpenSplit
from tests import forks
from tests.conftest import RunCommand, write_pairs, write_tiny_recipe
from tests.conftest import number_pairs as pairs_of_numbers
from tests.integration.test_data_flows_once import count_calls


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a recipe whose data is cleaned and augmented."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("T5TUNE_CACHE", str(tmp_path / "cache"))
    path = write_tiny_recipe(tmp_path)
    pairs = pairs_of_numbers(120)
    write_pairs(tmp_path, "train", [*pairs[:60], ("one", " "), *pairs[:5], *pairs[60:]])
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    values["data"] |= {"cleaning": {"duplicates": True}, "augment": {"typos": 0.5, "rounds": 2}}
    values["training"] |= {"max_steps": 2, "eval_steps": 2}
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return path


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the content of every file, by its path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_training_finds_what_was_prepared(
    t5tune: RunCommand, recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = t5tune("prepare", recipe, "--json")
    assert prepared.code == 0, prepared.err
    (entry,) = json.loads(prepared.out)
    assert (entry["key"], entry["num_read"], entry["num_examples"]) == ("train", 126, 105)
    before = read_files(Path("cache"))
    assert (
        str(Path(entry["directory"], "manifest.json").relative_to(Path.cwd() / "cache")) in before
    )
    read = count_calls(monkeypatch, "chunks", owner=OpenSplit)
    trained = t5tune("train", recipe, "export=none")
    assert trained.code == 0, trained.err
    assert [split.where for (split, *_) in read] == ["data.validation", "data.test"]
    assert read_files(Path("cache")) == before


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs ray")
def test_a_cluster_that_loses_workers_makes_the_same_files(
    t5tune: RunCommand, recipe: Path, tmp_path: Path
) -> None:
    assert t5tune("prepare", recipe).code == 0
    command = [sys.executable, "-m", "tests.integration.on_a_cluster", recipe, tmp_path]
    environment = {
        **os.environ,
        "T5TUNE_CACHE": str(tmp_path / "of-cluster"),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),  # otherwise Ray writes one to the home directory
        "RAY_worker_niceness": "0",  # otherwise workers wait for whatever else runs
    }
    done = forks.run(command, env=environment, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "cleaning").exists()
    assert (tmp_path / "tokenizing").exists()
    assert read_files(tmp_path / "of-cluster") == read_files(tmp_path / "cache")


def test_streamed_data_cannot_be_prepared(t5tune: RunCommand, recipe: Path) -> None:
    values = yaml.safe_load(recipe.read_text(encoding="utf-8"))
    values["data"]["train"] = {"hub": "somebody/corpus", "split": "train", "streaming": True}
    del values["data"]["cleaning"], values["data"]["augment"]
    values["model"]["from_scratch"]["tokenizer"] = {"type": "bytes"}
    recipe.write_text(yaml.safe_dump(values), encoding="utf-8")
    refused = t5tune("prepare", recipe)
    assert refused.code == 1
    assert "nothing to prepare" in refused.err

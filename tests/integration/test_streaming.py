"""Test runs whose training data is streamed."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from t5tune.data.store.store_manifest import stores_directory
from t5tune.files.json_values import read_log
from tests import forks
from tests.conftest import RunCommand
from tests.weights import same_weights

RUN = Path("runs/tiny")


@pytest.fixture
def recipe(tiny_recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a recipe that reads 150 pairs almost twice, forty at a time."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("T5TUNE_CACHE", str(tmp_path / "cache"))
    content = yaml.safe_load(tiny_recipe.read_text(encoding="utf-8"))
    content["data"]["train"] |= {"streaming": True, "shuffle_buffer": 40}
    content["export"] = "none"
    content["model"]["from_scratch"]["tokenizer"] = {"type": "bytes"}
    content["training"] |= {"tokens_per_batch": 600, "gradient_accumulation_steps": 3}
    content["training"] |= {"logging_steps": 1}
    tiny_recipe.write_text(yaml.safe_dump(content), encoding="utf-8")
    return tiny_recipe


def steps(run: Path) -> list[dict[str, Any]]:
    """Return the logged steps without their times."""
    kept = ("step", "epoch", "loss", "grad_norm", "learning_rate")
    return [
        {key: line[key] for key in kept} for line in read_log(run / "log.jsonl") if "loss" in line
    ]


def position(step: int) -> dict[str, Any]:
    state = RUN / f"checkpoints/checkpoint-{step}/trainer_state.json"
    found: dict[str, Any] = json.loads(state.read_text(encoding="utf-8"))["stateful_callbacks"]
    return found["stream_position"]  # type: ignore[no-any-return]


def test_a_stopped_run_continues_with_the_next_example(t5tune: RunCommand, recipe: Path) -> None:
    trained = t5tune("train", recipe)
    assert trained.code == 0, trained.err
    assert not stores_directory().exists(), "nothing is stored"
    assert "data: training examples are streamed, 40 at a time; 10 validation, 13 test" in (
        trained.err
    )
    assert "training: 8 steps of 3 x 600 tokens" in trained.err
    assert position(8)["window"][0] == 1, "in the second pass"
    report = json.loads((RUN / "eval/test/report.json").read_text(encoding="utf-8"))
    assert report["num_examples"] == 13
    whole = Path("whole")
    shutil.copytree(RUN, whole)
    for name in ("model", "eval", "cache", "checkpoints/checkpoint-8"):
        shutil.rmtree(RUN / name)
    resumed = t5tune("train", recipe)
    assert resumed.code == 0, resumed.err
    assert "resuming from runs/tiny/checkpoints/checkpoint-4" in resumed.err
    assert len(steps(whole)) == 8
    assert steps(RUN) == steps(whole)
    assert same_weights(RUN, whole)
    assert "of 13 test examples are in the training data" in trained.err
    for file in (whole / "cache/overlaps").iterdir():  # of both sets
        assert file.read_bytes() == (RUN / "cache/overlaps" / file.name).read_bytes()
    # Another set was not compared while training read the data, which is not read again.
    Path("a.en").write_text("one two\n", encoding="utf-8")
    other = t5tune("eval", RUN, "--source", "a.en", "--reference", "a.en")
    assert other.code == 0, other.err
    assert "is not compared with the training data: data.train is streamed" in other.err


def test_other_data_is_not_continued(t5tune: RunCommand, recipe: Path) -> None:
    assert t5tune("train", recipe, "training.max_steps=4").code == 0
    path = Path("train.tsv")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("\none", "\nfive", 1), encoding="utf-8")
    result = t5tune("train", recipe)
    assert result.code == 1
    assert "data.train: not what it was when runs/tiny/checkpoints/checkpoint-4" in result.err
    path.write_text(text, encoding="utf-8")
    result = t5tune("train", recipe, "data.train.shuffle_buffer=41")
    assert "these keys differ: data.train.shuffle_buffer." in result.err


def test_two_processes_train_on_the_batches_of_one(t5tune: RunCommand, recipe: Path) -> None:
    same = ("model.config.dropout_rate=0.0", "training.eval_steps=8")
    assert t5tune("train", recipe, *same).code == 0
    command = [sys.executable, "-m", "t5tune", "train", str(recipe), *same]
    two = ["--output-dir", "two", "--num-processes", "2"]
    forks.run([*command, *two], text=True, check=True, timeout=120)
    for name in ("step", "epoch", "loss", "learning_rate"):
        expected = [line[name] for line in steps(RUN)]
        assert [line[name] for line in steps(Path("two"))] == pytest.approx(expected, rel=1e-4)

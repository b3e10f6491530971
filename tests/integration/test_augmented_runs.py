"""Runs with augmentation: what they say, how they resume, and what `t5tune data` shows."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from t5tune.files.json_values import read_object
from tests.conftest import RunCommand, TrainOnce, write_tiny_recipe

# Two epochs of 12 steps: the checkpoint of step 8 is in the first round.
SETTINGS = (
    "data.augment.upper=0.2",
    "data.augment.typos=0.2",
    "data.augment.concatenate=0.2",
    "data.augment.subword.alpha=0.2",
    "model.from_scratch.tokenizer={type: unigram, vocab_size: 60}",
    "training.max_steps=null",
    "training.num_train_epochs=2",
    "training.tokens_per_batch=300",
    "training.eval_steps=4",
    "training.save_total_limit=20",
    "training.packing=true",
    "export=none",
)


@pytest.fixture
def copy(train_once: TrainOnce, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "trained"
    shutil.copytree(train_once(*SETTINGS), folder)
    monkeypatch.chdir(folder)
    return folder / "runs" / "tiny"


def test_a_run_resumes_in_the_second_round_and_ends_the_same(
    copy: Path, t5tune: RunCommand
) -> None:
    remarks = read_object(copy / "environment.json")["data_remarks"]["data.train"]
    assert remarks[0].startswith("augmented in 2 rounds, 300 examples in all")
    resolved = (copy / "recipe.yaml").read_text(encoding="utf-8")
    assert "rounds: 2" in resolved
    finished = {
        path.name: (path / "model.safetensors").read_bytes()
        for path in (copy / "checkpoints").iterdir()
    }
    steps = sorted(int(name.rpartition("-")[2]) for name in finished)
    assert len(steps) > 3
    per_epoch = steps[-1] / 2
    kept = next(step for step in steps if per_epoch < step < steps[-1])
    for step in steps:
        if step > kept:
            shutil.rmtree(copy / "checkpoints" / f"checkpoint-{step}")
    shutil.rmtree(copy / "model")
    result = t5tune("train", "tiny.yaml", *SETTINGS)
    assert result.code == 0, result.err
    assert f"resuming from {Path('runs/tiny/checkpoints')}/checkpoint-{kept}" in result.err
    last = f"checkpoint-{steps[-1]}"
    assert (copy / "checkpoints" / last / "model.safetensors").read_bytes() == finished[last]


def test_the_command_shows_examples_before_and_after(tmp_path: Path, t5tune: RunCommand) -> None:
    recipe = write_tiny_recipe(tmp_path)
    overrides = ["data.augment.upper=0.2", "data.augment.concatenate=0.3"]
    shown = json.loads(t5tune("data", recipe, *overrides, "--json").out)
    assert [split["num_examples"] for split in shown["splits"]] == [150, 10, 13]
    joined, upper = shown["augmentation"]["kinds"]
    assert (joined["name"], upper["name"]) == ("concatenate", "upper")
    assert 15 < upper["num_changed"] < 50
    assert len(upper["examples"]) == 3
    for example in upper["examples"]:
        before, after = example["before"], example["after"]
        assert after == {side: text.upper() for side, text in before.items()}
    text = t5tune("data", recipe, *overrides).out
    assert "upper (both sides): asked 20.0%, changed " in text
    assert "Augmentation" not in t5tune("data", recipe).out

"""Test batches that do not fit into memory, found before training or when it happens."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from t5tune.files.json_values import read_log
from tests import forks
from tests.conftest import REPOSITORY, RunCommand, number_pairs, write_pairs, write_tiny_recipe

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits memory with RLIMIT_AS")

# One step takes about 450 MB.
LARGE_BATCH = (
    "model.from_scratch.d_model=64",
    "model.from_scratch.d_ff=512",
    "model.config.dropout_rate=0.0",
    "training.max_steps=3",
    "training.eval_steps=2",
    "training.logging_steps=1",
)
LOG = "runs/tiny/log.jsonl"
TOO_LITTLE = 250  # MiB


def train(
    folder: Path, mebibytes: int, *arguments: str, pairs: list[tuple[str, str]] | None = None
) -> subprocess.CompletedProcess[str]:
    folder.mkdir(exist_ok=True)
    recipe = write_tiny_recipe(folder)
    write_pairs(folder, "train", pairs or number_pairs(3000))
    command = [sys.executable, "-m", "tests.integration.limited_memory", str(mebibytes)]
    settings = [*LARGE_BATCH, "export=none", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    return forks.run(
        [*command, recipe.name, *settings], cwd=folder, text=True, timeout=120, env=environment
    )


def limits(folder: Path) -> list[tuple[int, int]]:
    return [
        (line["step"], line["batch_limit"])
        for line in read_log(folder / LOG)
        if "batch_limit" in line
    ]


def assert_same_training(folder: Path, other: Path) -> None:
    """Require the same losses and the same model, up to rounding."""
    for name in ("loss", "grad_norm"):
        values, expected = (
            [x[name] for x in read_log(f / LOG) if name in x] for f in (folder, other)
        )
        assert len(values) == 3
        assert values == pytest.approx(expected, rel=2e-3)
    weights, expected = (
        load_file(f / "runs/tiny/checkpoints/checkpoint-3/model.safetensors")
        for f in (folder, other)
    )
    for name, weight in weights.items():
        torch.testing.assert_close(weight, expected[name], rtol=1e-2, atol=1e-3)


@pytest.fixture(scope="module")
def unlimited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run whose batches all fit."""
    folder = tmp_path_factory.mktemp("unlimited")
    done = train(folder, 0, "training.tokens_per_batch=600000")
    assert done.returncode == 0, done.stderr
    assert limits(folder) == []
    return folder


def test_a_batch_that_does_not_fit_is_computed_in_pieces(unlimited: Path, tmp_path: Path) -> None:
    done = train(tmp_path, TOO_LITTLE, "training.tokens_per_batch=600000")
    assert done.returncode == 0, done.stderr
    assert "larger ones are computed in pieces" in done.stderr
    assert limits(tmp_path)
    assert_same_training(tmp_path, unlimited)


def test_auto_finds_a_batch_that_fits_and_trains_the_same_steps(
    unlimited: Path, tmp_path: Path
) -> None:
    auto = ("training.tokens_per_batch=auto", "training.tokens_per_step=600000")
    done = train(tmp_path, TOO_LITTLE, *auto)
    assert done.returncode == 0, done.stderr
    # The limit was found once, before the first step; nothing ran out of memory later.
    ((step, limit),) = limits(tmp_path)
    assert step == 0
    assert 500 < limit < 15000
    assert_same_training(tmp_path, unlimited)
    # A resumed run does not look for the limit again.
    (tmp_path / "runs/tiny/checkpoints/checkpoint-3/manifest.json").unlink()
    (tmp_path / "runs/tiny/model/config.json").unlink()
    done = train(tmp_path, 0, *auto)
    assert done.returncode == 0, done.stderr
    assert limits(tmp_path) == [(0, limit)]


def test_auto_leaves_no_trace_where_everything_fits(tmp_path: Path) -> None:
    for name, batch in (("auto", "auto"), ("fixed", "4096")):
        done = train(
            tmp_path / name, 0, f"training.tokens_per_batch={batch}", "model.config.dropout_rate=.1"
        )
        assert done.returncode == 0, done.stderr
    auto, fixed = (
        load_file(tmp_path / name / "runs/tiny/model/model.safetensors")
        for name in ("auto", "fixed")
    )
    assert all(torch.equal(auto[name], fixed[name]) for name in fixed)
    assert limits(tmp_path / "auto") == [(0, 4096)]


def test_one_example_that_does_not_fit_is_one_sentence(tmp_path: Path) -> None:
    long = "one two three four five " * 2000
    lengths = ("data.max_source_length=10000", "data.max_target_length=10000")
    done = train(tmp_path, 500, *lengths, pairs=[(long, long)] * 4)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "out of memory at step 1: a batch of one row, 10000 source" in done.stderr
    assert "training.gradient_checkpointing=true" in done.stderr


def test_a_limit_is_met_again_where_it_was_met(tiny_recipe: Path, t5tune: RunCommand) -> None:
    """Limits found after the checkpoint that a run resumes from apply again."""
    os.chdir(tiny_recipe.parent)
    assert t5tune("train", "tiny.yaml", "training.logging_steps=1").code == 0
    run = Path("runs/tiny")
    for directory in (run / "model", run / "checkpoints" / "checkpoint-8"):
        shutil.rmtree(directory)
    lines = (run / "log.jsonl").read_text(encoding="utf-8").splitlines()
    lines.insert(6, json.dumps({"step": 5, "elapsed_seconds": 1.0, "batch_limit": 60}))
    (run / "log.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    result = t5tune("train", "tiny.yaml", "training.logging_steps=1")
    assert result.code == 0, result.err
    limits = [line for line in read_log(run / "log.jsonl") if "batch_limit" in line]
    assert [(line["step"], line["batch_limit"]) for line in limits] == [(5, 60)]
    assert "memory: batches of 60 tokens fit; larger ones are computed in pieces" in result.err

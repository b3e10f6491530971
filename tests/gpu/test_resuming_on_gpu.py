"""Test that a seed gives the same run twice on a GPU, and that a resumed run ends like it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.conftest import REPOSITORY, write_tiny_recipe
from tests.weights import same_weights

STOPPED_AT = 4  # of 8 steps
# Sizes with which a GPU takes its usual kernels, and everything that keeps a state.
SETTINGS = (
    "model.from_scratch.d_model=64", "model.from_scratch.d_ff=128",
    "model.from_scratch.num_heads=4", "model.config={dropout_rate: 0.1}",
    "training.ema_decay=0.9", "training.max_steps=8", "training.eval_steps=2", "export=none",
)  # fmt: skip
STOP = """
import os, signal
from transformers import TrainerCallback
from t5tune.training import trainer_building
class Stop(TrainerCallback):
    def on_step_end(self, args, state, control, **_):
        if state.global_step == int(os.environ["STOP_AT"]):
            os.kill(os.getpid(), signal.SIGTERM)
build = trainer_building._build_reporters
trainer_building._build_reporters = lambda *a: [*build(*a), Stop()]
from t5tune.cli.app import main
main()
"""


def train(folder: Path, device: torch.device, *settings: str, output: str, stop_at: int = 0) -> int:
    """Run `t5tune train` in a process of its own, as users do."""
    hidden = {} if device.type == "cuda" else {"CUDA_VISIBLE_DEVICES": ""}
    environment = {
        **os.environ, **hidden, "STOP_AT": str(stop_at), "PYTHONPATH": str(REPOSITORY),
    }  # fmt: skip
    arguments = ["train", "tiny.yaml", *SETTINGS, *settings, "--output-dir", output]
    command = [sys.executable, "-c", STOP, *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode in (0, 143), done.stderr
    assert f"on {device.type}" in done.stderr
    return done.returncode


@pytest.mark.parametrize(
    "settings",
    [
        ("training.optim=adafactor", "training.bf16=false"),
        ("training.optim=adamw_torch", "training.bf16=true"),
        ("training.packing=true", "training.gradient_checkpointing=true", "training.bf16=true"),
    ],
    ids=["adafactor-fp32", "adamw-bf16", "packed-checkpointing-bf16"],
)
def test_a_seed_gives_the_same_bits_twice_and_after_an_interruption(
    settings: tuple[str, ...], device: torch.device, in_bf16: None, tmp_path: Path
) -> None:
    write_tiny_recipe(tmp_path)
    assert train(tmp_path, device, *settings, output="whole") == 0
    assert train(tmp_path, device, *settings, output="cut", stop_at=STOPPED_AT) == 143
    assert not (tmp_path / "cut" / "model").exists()
    assert train(tmp_path, device, *settings, output="cut") == 0
    # The resumed run is the second one with the seed, and draws dropout on after the checkpoint.
    assert same_weights(tmp_path / "whole", tmp_path / "cut")
    assert read_losses(tmp_path / "whole") == read_losses(tmp_path / "cut")


def read_losses(run: Path) -> list[float]:
    lines = map(json.loads, (run / "log.jsonl").read_text(encoding="utf-8").splitlines())
    return [line["loss"] for line in lines if "loss" in line]

"""Test a run with every regularizer at once: its files, its log, and that it resumes exactly."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from transformers import AutoModelForSeq2SeqLM

from t5tune.files.json_values import read_log
from t5tune.training.callbacks.log import StopOnSignal
from tests.conftest import RunCommand, TrainOnce
from tests.weights import same_weights, weights

ALL = (
    "training.regularization={r_drop: 2.0, free_lb: {epsilon: 0.02}, word_dropout: 0.2, "
    "token_masking: 0.2, layerwise_lr_decay: 0.8, l2_sp: 0.5}",
    "training.gradient_accumulation_steps=2", "training.optim=adafactor", "training.ema_decay=0.9",
    "training.tokens_per_batch=300", "export=none",
)  # fmt: skip


def stop_after(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the next training end as if a signal had come."""
    original = StopOnSignal.on_step_end

    def on_step_end(self, args, state, control, **others):  # type: ignore[no-untyped-def]
        if state.global_step == step:
            self.received = signal.SIGINT
        original(self, args, state, control, **others)

    monkeypatch.setattr(StopOnSignal, "on_step_end", on_step_end)


def test_all_together_train_resume_and_are_named(
    t5tune: RunCommand, tiny_recipe: Path, tmp_path: Path, train_once: TrainOnce,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    base = train_once() / "runs/tiny/model"
    command = ("train", tiny_recipe, "model.from_scratch=null", f"model.name={base}", *ALL)
    whole = t5tune(*command, "--output-dir", "whole")
    assert whole.code == 0, whole.err
    with monkeypatch.context() as patch:
        stop_after(3, patch)
        stopped = t5tune(*command, "--output-dir", "parts")
    assert stopped.code == 130, stopped.err
    resumed = t5tune(*command, "--output-dir", "parts")
    assert resumed.code == 0, resumed.err
    assert "resuming from parts/checkpoints/checkpoint-3" in resumed.err
    assert same_weights(Path("whole"), Path("parts"))

    lines = [line for line in read_log(Path("whole/log.jsonl")) if "loss" in line]
    again = [line for line in read_log(Path("parts/log.jsonl")) if "loss" in line]
    for name in ("loss", "r_drop", "free_lb"):
        assert [line[name] for line in lines] == [line[name] for line in again]
        assert all(line[name] != 0 for line in lines), name
    assert "word_dropout" not in lines[0]
    said = "r_drop 2: R-Drop (Liang et al. 2021)"
    assert said in whole.err
    assert "R-Drop (Liang et al. 2021)" in Path("whole/model/README.md").read_text()
    AutoModelForSeq2SeqLM.from_pretrained("whole/model")
    assert weights(Path("whole")).keys() == weights(base.parent).keys()

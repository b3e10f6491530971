"""Test that the commands do on a GPU what they do on a CPU, from training to a translation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from tests.conftest import RunCommand, write_tiny_recipe

SETTINGS = (
    "training.packing=true", "training.ema_decay=0.9", "training.tokens_per_batch=auto",
    "training.tokens_per_step=400", "export=ctranslate2-float32",
    "decoding.num_beams=1",
)  # fmt: skip


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_run_trains_exports_verifies_and_translates(
    here: Path, device: torch.device, t5tune: RunCommand
) -> None:
    trained = t5tune("train", write_tiny_recipe(here), *SETTINGS, "--output-dir", "run")
    assert trained.code == 0, trained.err
    assert f"on {device.type}" in trained.err
    assert "CTranslate2 failed" not in trained.err
    parity = json.loads(Path("run/ctranslate2-float32/parity.json").read_text(encoding="utf-8"))
    assert parity["torch_device"].startswith(device.type)
    assert parity["identical"] >= 0.8
    accelerators = json.loads(Path("run/environment.json").read_text())["accelerators"]
    assert len(accelerators) == torch.cuda.device_count()

    assert t5tune("verify", "run").code == 0
    told = {
        engine: t5tune("translate", "--model", "run", "--engine", engine, "two one four").out
        for engine in ("torch", "ctranslate2")
    }
    assert len(set(told.values())) == 1, told
    reports = [
        json.loads(t5tune("eval", "run", "--engine", engine, "--json").out)
        for engine in ("torch", "ctranslate2")
    ]
    first, second = (report["scores"][0]["value"] for report in reports)
    assert first == pytest.approx(second, abs=3.0)

"""Test runs with an adapter: files, exact resuming, the merged model, and its missing base."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForSeq2SeqLM

from tests.conftest import RunCommand, TrainOnce
from tests.integration.test_regularizers import stop_after
from tests.weights import same_weights, weights

SETTINGS = (
    "model.from_scratch=null", "model.name=base", "model.adapter={r: 4, dropout: 0.1}",
    "training.gradient_accumulation_steps=2", "training.ema_decay=0.9",
    "training.regularization={l2_sp: 0.5, fgm: 0.02, layerwise_lr_decay: 0.8}",
    "training.average_checkpoints=2", "training.gradient_checkpointing=true",
    "training.learning_rate=0.02", "export=none",
)  # fmt: skip


def test_an_adapter_resumes_exactly_and_is_merged(
    t5tune: RunCommand, tiny_recipe: Path, tmp_path: Path, train_once: TrainOnce,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    from peft import PeftModel

    monkeypatch.chdir(tmp_path)
    base = tmp_path / "base"
    shutil.copytree(train_once() / "runs/tiny/model", base)
    command = ("train", tiny_recipe, *SETTINGS)
    whole = t5tune(*command, "--output-dir", "whole")
    assert whole.code == 0, whole.err
    with monkeypatch.context() as patch:
        stop_after(3, patch)
        assert t5tune(*command, "--output-dir", "parts").code == 130
    checkpoint = Path("parts/checkpoints/checkpoint-3")
    assert {path.name for path in checkpoint.iterdir()} == {
        "adapter.safetensors", "config.json", "ema.safetensors", "generation_config.json",
        "manifest.json", "optimizer.pt", "rng_state.pth", "scheduler.pt", "tokenizer.json",
        "tokenizer_config.json", "trainer_state.json",
    }  # fmt: skip

    file = base / "model.safetensors"
    former = file.read_bytes()
    (base / "manifest.json").unlink()
    file.write_bytes(former[:-4] + bytes(4))
    changed = t5tune(*command, "--output-dir", "parts")
    assert changed.code == 1
    assert (
        f"model.name: base does not have the weights that it had when {checkpoint}" in changed.err
    )
    file.write_bytes(former)
    resumed = t5tune(*command, "--output-dir", "parts")
    assert resumed.code == 0, resumed.err
    assert same_weights(Path("whole"), Path("parts"))

    model = AutoModelForSeq2SeqLM.from_pretrained("whole/model")
    assert not hasattr(model, "peft_config")
    assert weights(Path("whole")).keys() == load_file(file).keys()
    plain = AutoModelForSeq2SeqLM.from_pretrained(base)
    with_peft = PeftModel.from_pretrained(plain, "whole/adapter").merge_and_unload()
    for name, tensor in with_peft.state_dict().items():
        assert torch.equal(model.state_dict()[name], tensor), name
    assert t5tune("verify", "whole").out.count("ok") == 5

    num_trained = sum(
        t.numel() for t in load_file("whole/adapter/adapter_model.safetensors").values()
    )
    size = f"{num_trained:,} of them trained"
    assert "adapter: LoRA (Hu et al. 2022), r 4, alpha 8, dropout 0.1" in whole.err
    assert size in whole.err
    card = Path("whole/model/README.md").read_text(encoding="utf-8")
    assert "LoRA (Hu et al. 2022), r 4, alpha 8, dropout 0.1" in card
    assert f"{num_trained:,}" in card
    report = json.loads(Path("whole/eval/test/report.json").read_text(encoding="utf-8"))
    assert report["num_examples"] == 13

"""Test `task: denoise`: plain text trains, resumes exactly, and another recipe starts from it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file
from transformers import AutoTokenizer

from tests.conftest import RunCommand, number_pairs

SIZES = {"d_model": 16, "d_ff": 32, "num_layers": 1, "num_heads": 2}


@pytest.fixture
def recipe(tiny_recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a recipe for plain text in both languages; the tiny one is beside it."""
    monkeypatch.chdir(tmp_path)
    texts = [f"{text} {text}" for pair in number_pairs(150) for text in pair]
    Path("text.txt").write_text("\n".join([*texts, "", "one"]), encoding="utf-8")
    content = yaml.safe_load(tiny_recipe.read_text(encoding="utf-8"))
    del content["source_lang"], content["target_lang"]
    content["data"] = {
        "train": {"file": "text.txt"},
        "validation": {"from": "train", "size": 8},
        "denoise": {"rounds": 2},
    }
    content |= {"name": "plain", "task": "denoise", "export": "none"}
    path = tmp_path / "plain.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def test_plain_text_trains_resumes_and_is_where_translation_starts(
    t5tune: RunCommand, recipe: Path, tiny_recipe: Path
) -> None:
    shown = t5tune("data", recipe, "--json")
    assert shown.code == 0, shown.err
    (kind,) = json.loads(shown.out)["augmentation"]["kinds"]
    assert kind["name"] == "span_corruption"
    first = kind["examples"][0]
    assert "<extra_id_0>" in first["after"]["source"]
    assert first["after"]["target"].startswith("<extra_id_0> ")

    command = ("train", recipe, "training.packing=true")
    trained = t5tune(*command)
    assert trained.code == 0, trained.err
    run, last = Path("runs/plain"), Path("runs/plain/checkpoints/checkpoint-8/model.safetensors")
    before = load_file(last)
    for part in ("checkpoints/checkpoint-8", "model", "eval"):
        shutil.rmtree(run / part)
    resumed = t5tune(*command)
    assert resumed.code == 0, resumed.err
    assert "resuming from runs/plain/checkpoints/checkpoint-4" in resumed.err
    after = load_file(last)
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert "of which changed: span_corruption 100.0%" in resumed.err
    report = json.loads((run / "eval/validation/report.json").read_text(encoding="utf-8"))
    assert [score["name"] for score in report["scores"]] == ["token_F1"]
    again = t5tune("eval", run, "--split", "validation", "--json")
    assert json.loads(again.out)["scores"] == report["scores"]

    tuned = t5tune(
        "train", tiny_recipe, "model.from_scratch=null", f"model.name=./{run / 'model'}",
        "training.max_steps=2", "export=none",
    )  # fmt: skip
    assert tuned.code == 0, tuned.err
    assert 'data.prefix = ""' in tuned.err  # not that of T5, which this model has never seen


def test_text_is_streamed_into_a_bart_of_bytes(t5tune: RunCommand, recipe: Path) -> None:
    scratch = {**SIZES, "architecture": "bart", "tokenizer": {"type": "bytes"}}
    Path("held_out.txt").write_text("one two three four\n", encoding="utf-8")
    trained = t5tune(
        "train", recipe, f"model.from_scratch={json.dumps(scratch)}", "data.denoise.rounds=null",
        "data.train.streaming=true", "data.validation={file: held_out.txt}",
        "data.long_sources=chunk",
        "training.max_steps=2", "training.eval_steps=2",
    )  # fmt: skip
    assert trained.code == 0, trained.err
    assert "objective text_infilling, rate 0.3" in trained.err
    assert AutoTokenizer.from_pretrained("runs/plain/model").mask_token == "<mask>"

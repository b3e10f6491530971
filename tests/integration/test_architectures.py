"""Test models from scratch of every architecture: exact resumption, plain loading and export."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

from t5tune.models.architectures import ARCHITECTURES
from tests.conftest import RunCommand

# Shapes that T5 cannot have, and one that all of them can: a deep encoder, a shallow decoder.
SIZES = {
    "marian": "num_layers: 1, num_decoder_layers: 2",
    "bart": "num_layers: 2, num_decoder_layers: 1",
}
TOKENIZERS = {
    "joint": "{type: bpe, vocab_size: 60}",
    "separate": "{type: unigram, vocab_size: 40, separate_vocabs: true}",
    "words": "{type: words}",
}
CASES = [("bart", "words"), ("marian", "joint"), ("marian", "separate")]


def test_every_architecture_is_tested() -> None:
    assert {name for name, _ in CASES} == ARCHITECTURES.keys() - {"t5"}


@pytest.mark.parametrize(("name", "tokenizer"), CASES)
def test_an_architecture_trains_resumes_loads_and_exports(
    name: str,
    tokenizer: str,
    t5tune: RunCommand,
    tiny_recipe: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    section = (
        f"model.from_scratch={{architecture: {name}, d_model: 16, d_ff: 32, num_heads: 2, "
        f"{SIZES[name]}, tokenizer: {TOKENIZERS[tokenizer]}}}"
    )
    command = ("train", tiny_recipe, section, "training.eval_steps=2", "decoding.max_new_tokens=9")
    command += ("training.max_steps=4",)
    whole = t5tune(*command, "export=none")
    assert whole.code == 0, whole.err
    run = Path("runs/tiny")
    last = run / "checkpoints/checkpoint-4/model.safetensors"
    before = load_file(last)
    for part in ("checkpoints/checkpoint-4", "model", "eval"):
        shutil.rmtree(run / part)
    resumed = t5tune(*command, "export=ctranslate2-float32")
    assert resumed.code == 0, resumed.err
    assert "resuming from runs/tiny/checkpoints/checkpoint-2" in resumed.err
    after = load_file(last)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)

    model = AutoModelForSeq2SeqLM.from_pretrained(run / "model")
    assert type(model).__name__ == ARCHITECTURES[name].model_class
    parity = json.loads((run / "ctranslate2-float32" / "parity.json").read_text("utf-8"))
    assert parity["identical"] == 1.0
    loaded = AutoTokenizer.from_pretrained(run / "model")
    row = model.generate(**loaded("one two three", return_tensors="pt"))[0, 1:]
    translated = t5tune("translate", "one two three")
    assert translated.out.strip() == loaded.decode(row, skip_special_tokens=True).strip()

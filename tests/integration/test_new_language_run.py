"""Test a run that teaches an NLLB a language and letters that it does not know."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer, GenerationConfig

from tests.conftest import RunCommand, number_pairs, write_pairs
from tests.integration.test_regularizers import stop_after
from tests.tiny_families import FAMILIES


def test_a_new_language_is_trained_resumed_translated_and_exported(
    t5tune: RunCommand, tiny_recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(5)
    model, tokenizer = FAMILIES["nllb"](tmp_path / "base")
    model.generation_config = GenerationConfig.from_model_config(model.config)
    model.save_pretrained("base")
    tokenizer.save_pretrained("base")
    for name, num, start in (("train", 60, 0), ("validation", 6, 200), ("test", 6, 300)):
        pairs = [(en, de.replace("ei", "ŋi")) for en, de in number_pairs(num, start)]
        write_pairs(tmp_path, name, pairs)
    settings = (
        "train", tiny_recipe, "model.from_scratch=null", "model.name=base",
        "model.new_tokens=[ŋ, ẽ]", "model.new_language={code: xyz_Latn, like: deu_Latn}",
        "target_lang=xyz_Latn", "data.source=en", "data.target=de", "decoding.num_beams=1",
        "training.learning_rate=0.02", "decoding.max_new_tokens=6", "export=ctranslate2-float32",
    )  # fmt: skip
    with monkeypatch.context() as patch:
        stop_after(3, patch)
        first = t5tune(*settings)
    assert first.code == 130, first.err
    assert (
        "vocabulary: 2 new tokens, the language xyz_Latn, which starts like deu_Latn" in first.err
    )
    assert "training examples: source 0.00 % -> 0.00 %, target 2" in first.err
    assert "% -> 0.00 %\n" in first.err
    assert "forced_bos_token_id = 259: xyz_Latn, target_lang decides" in first.err
    resumed = t5tune(*settings)
    assert resumed.code == 0, resumed.err
    assert "vocabulary:" not in resumed.err

    again = AutoTokenizer.from_pretrained("runs/tiny/model")
    assert again.convert_tokens_to_ids(["ŋ", "ẽ", "xyz_Latn"]) == [257, 258, 259]
    assert (again.src_lang, again.tgt_lang) == ("eng_Latn", "xyz_Latn")
    assert len(AutoModelForSeq2SeqLM.from_pretrained("runs/tiny/model").lm_head.weight) == 260
    parity = json.loads(Path("runs/tiny/ctranslate2-float32/parity.json").read_text("utf-8"))
    assert parity["identical"] == 1.0
    outputs = [
        t5tune("translate", "one two", "--model", *model_and_engine).out
        for model_and_engine in (
            ("runs/tiny", "--engine", "torch"),
            ("runs/tiny", "--engine", "ctranslate2-float32"),
            ("runs/tiny/model", "--source-lang", "en", "--target-lang", "xyz_Latn",
             "--max-new-tokens", "6"),
        )
    ]  # fmt: skip
    assert len(set(outputs)) == 1, outputs
    assert "xyz" not in outputs[0]

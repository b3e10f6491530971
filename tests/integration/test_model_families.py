"""Test families other than T5, each as a tiny model with random weights and its own tokenizer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    BartConfig,
    BartForConditionalGeneration,
    BartTokenizer,
    GenerationConfig,
    M2M100Config,
    M2M100ForConditionalGeneration,
    MBartConfig,
    MBartForConditionalGeneration,
    MBartTokenizer,
    NllbTokenizer,
)

from tests.conftest import RunCommand, number_pairs
from tests.tiny_families import OF_SOMEBODY_ELSE, SIZES, force_end

FAMILIES = {
    "bart": (BartTokenizer, BartConfig, BartForConditionalGeneration, None),
    "mbart": (MBartTokenizer, MBartConfig, MBartForConditionalGeneration, "de_DE"),
    "nllb": (NllbTokenizer, M2M100Config, M2M100ForConditionalGeneration, "deu_Latn"),
}


def save_tiny_model(family: str, folder: Path) -> Path:
    torch.manual_seed(5)
    tokenizer_class, config_class, model_class, _ = FAMILIES[family]
    texts = [text for pair in number_pairs(40) for text in pair]
    tokenizer = tokenizer_class().train_new_from_iterator(texts, vocab_size=300)
    tokenizer.save_pretrained(folder)
    config = config_class(vocab_size=len(tokenizer), pad_token_id=tokenizer.pad_token_id, **SIZES)
    config.eos_token_id = config.decoder_start_token_id = tokenizer.eos_token_id
    config.bos_token_id = tokenizer.bos_token_id
    force_end(config)
    model = model_class(config)
    model.generation_config = GenerationConfig.from_model_config(config)
    model.save_pretrained(folder)
    return folder


def check_decoding(run: Path, report: dict[str, Any], base: Path, penalty: float) -> None:
    """Require that engines, report and loaded model agree on every text and on cut ones."""
    examples = [
        json.loads(line)
        for line in (run / "eval" / "test" / "examples.jsonl").read_text("utf-8").splitlines()
    ]
    saved = json.loads((run / "model" / "generation_config.json").read_text("utf-8"))
    before = json.loads((base / "generation_config.json").read_text("utf-8"))
    needs = {key: before[key] for key in before if key.endswith("token_id")}
    needs.pop("forced_eos_token_id", None)
    for of_language in ("forced_bos_token_id", "decoder_start_token_id"):
        saved.pop(of_language, None)
        needs.pop(of_language, None)
    del saved["transformers_version"]
    assert saved == {
        **needs, "num_beams": 2, "length_penalty": penalty, "no_repeat_ngram_size": 0,
        "max_new_tokens": 3,
    }  # fmt: skip
    parity = json.loads((run / "ctranslate2-int8" / "parity.json").read_text("utf-8"))
    assert parity["decoding"]["length_penalty"] == penalty
    assert parity["identical"] >= 0.8  # int8 may change a text

    tokenizer = AutoTokenizer.from_pretrained(run / "model")
    model = AutoModelForSeq2SeqLM.from_pretrained(run / "model")
    num_cut = 0
    for example in examples:
        inputs = tokenizer(example["source"], return_tensors="pt")
        row = model.generate(**inputs)[0, 1:].tolist()
        is_cut = tokenizer.eos_token_id not in row
        assert tokenizer.decode(row, skip_special_tokens=True).strip() == example["hypothesis"]
        assert example["reached_limit"] == is_cut
        num_cut += is_cut
    assert report["num_length_limited"] == num_cut


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_trains_evaluates_and_translates(
    family: str,
    t5tune: RunCommand,
    tiny_recipe: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    model = save_tiny_model(family, tmp_path / "base")
    language = FAMILIES[family][3]
    penalty = 0.0 if language else 3.0
    if language is None:  # as if its author preferred another search
        path = model / "generation_config.json"
        own = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps({**own, **OF_SOMEBODY_ELSE}), encoding="utf-8")
    result = t5tune(
        "train", tiny_recipe, "model.from_scratch=null", f"model.name={model}",
        "training.max_steps=60", "training.eval_steps=30", "training.learning_rate=0.01",
        "decoding.max_new_tokens=3", f"decoding.length_penalty={penalty}", "--json",
    )  # fmt: skip
    assert result.code == 0, result.err
    report = json.loads(result.out)
    assert report["num_examples"] == 13
    check_decoding(Path("runs/tiny"), report, model, penalty)
    generation = GenerationConfig.from_pretrained("runs/tiny/model")
    tokenizer = AutoTokenizer.from_pretrained("runs/tiny/model")
    if language is not None:  # mBART's decoder starts from it
        beginning = {generation.decoder_start_token_id, generation.forced_bos_token_id}
        assert tokenizer.convert_tokens_to_ids(language) in beginning
    # The run and its model directory, which does not know the run, give the same texts.
    of_run = t5tune("translate", "--model", "runs/tiny", "one two three")
    of_directory = t5tune(
        "translate", "--model", "runs/tiny/model", "--source-lang", "en", "--target-lang", "de",
        "one two three",
    )  # fmt: skip
    assert of_run.code == of_directory.code == 0, of_directory.err
    assert of_run.out == of_directory.out
    if language is not None:
        assert language not in of_run.out
        missing = t5tune("translate", "--model", str(model), "one")
        assert missing.code == 1
        assert f"{model} needs to know the languages of source and target." in missing.err

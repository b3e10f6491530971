"""Families other than T5, each as a tiny model with random weights and a tokenizer of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from transformers import (
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
from tests.tiny_families import SIZES

FAMILIES = {
    "bart": (BartTokenizer, BartConfig, BartForConditionalGeneration, None),
    "mbart": (MBartTokenizer, MBartConfig, MBartForConditionalGeneration, "de_DE"),
    "nllb": (NllbTokenizer, M2M100Config, M2M100ForConditionalGeneration, "deu_Latn"),
}


def save_tiny_model(family: str, folder: Path) -> Path:
    tokenizer_class, config_class, model_class, _ = FAMILIES[family]
    texts = [text for pair in number_pairs(40) for text in pair]
    tokenizer = tokenizer_class().train_new_from_iterator(texts, vocab_size=300)
    tokenizer.save_pretrained(folder)
    config = config_class(vocab_size=len(tokenizer), pad_token_id=tokenizer.pad_token_id, **SIZES)
    config.eos_token_id = config.decoder_start_token_id = tokenizer.eos_token_id
    config.bos_token_id = tokenizer.bos_token_id
    model = model_class(config)
    model.generation_config = GenerationConfig.from_model_config(config)
    model.save_pretrained(folder)
    return folder


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
    result = t5tune(
        "train", tiny_recipe, "model.from_scratch=null", f"model.name={model}",
        "training.max_steps=60", "training.eval_steps=30", "training.learning_rate=0.01", "--json",
    )  # fmt: skip
    assert result.code == 0, result.err
    assert json.loads(result.out)["num_examples"] == 13
    generation = GenerationConfig.from_pretrained("runs/tiny/model")
    tokenizer = AutoTokenizer.from_pretrained("runs/tiny/model")
    if language is not None:
        assert generation.forced_bos_token_id == tokenizer.convert_tokens_to_ids(language)
    # The run and its model directory, which knows nothing of the run, say the same.
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
        assert "source_lang: this model needs to know the language" in missing.err

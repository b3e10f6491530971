"""Test models that are not runs: the options that they need, and their search settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from transformers import GenerationConfig

from t5tune.decoding.found_model import find_model, load_for_translation
from t5tune.decoding.translator import DecodingOptions
from t5tune.errors import T5TuneError
from t5tune.models.directories import SETTINGS_KEY
from t5tune.models.families import T5_VOCAB_SIZE
from tests.conftest import RunCommand
from tests.tiny_families import FAMILIES

GERMAN = "translate English to German: "


def save(folder: Path, family: str = "t5", **config: Any) -> str:
    model, tokenizer = FAMILIES[family](folder)
    for key, value in config.items():
        setattr(model.config, key, value)
    if not (folder / "model.safetensors").exists():
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    model.config.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a model directory like t5-small on the hub."""
    tasks = {"translation_en_to_de": {"prefix": GERMAN, "max_length": 300}}
    return save(tmp_path_factory.mktemp("t5"), task_specific_params=tasks)


def test_the_original_t5_asks_for_the_languages(
    original: str, t5tune: RunCommand, capsys: pytest.CaptureFixture[str]
) -> None:
    for languages in ((), ("--source-lang", "en"), ("--target-lang", "de")):
        refused = t5tune("translate", "--model", original, *languages, "one")
        assert (refused.code, refused.out) == (1, "")
        assert "needs the languages for that." in refused.err
        assert "try: --source-lang en --target-lang de   # or --prefix TEXT" in refused.err
    assert find_model(original, source_lang="en", target_lang="de").settings.prefix == GERMAN
    assert find_model(original, task="summarization").settings.prefix == "summarize: "
    assert find_model(original, task="text2text").settings.prefix == ""
    capsys.readouterr()
    assert find_model(original, source_lang="en", target_lang="nl").settings.prefix == ""
    assert "with none for these languages" in " ".join(capsys.readouterr().err.split())


def test_a_prefix_is_an_answer_too(original: str, t5tune: RunCommand) -> None:
    with_prefix = t5tune("translate", "--model", original, "--prefix", GERMAN, "one two")
    within = t5tune("translate", "--model", original, "--prefix", "", f"{GERMAN}one two")
    assert with_prefix.code == within.code == 0, with_prefix.err
    assert with_prefix.out == within.out


def test_eval_of_two_files_asks_as_well(original: str, t5tune: RunCommand, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n", encoding="utf-8")
    files = ("--source", tmp_path / "a.txt", "--reference", tmp_path / "a.txt")
    refused = t5tune("eval", original, *files)
    assert refused.code == 1
    assert "needs the languages for that." in refused.err
    given = t5tune("eval", original, *files, "--prefix", "x: ", "--json", "--no-cache")
    assert given.code == 0, given.err
    assert json.loads(given.out)["num_examples"] == 1


@pytest.mark.parametrize(
    ("family", "config"),
    [
        ("t5", {SETTINGS_KEY: {"prefix": ""}, "task_specific_params": {"a": {"prefix": GERMAN}}}),
        ("t5-1.1", {"task_specific_params": {"a": {"prefix": GERMAN}}}),
        ("mt5", {"vocab_size": T5_VOCAB_SIZE}),
        ("byt5", {"vocab_size": T5_VOCAB_SIZE}),
        ("t5", {"task_specific_params": {"a": 1}}),
        ("bart", {}),
    ],
)
def test_others_have_no_prefix(family: str, config: dict[str, Any], tmp_path: Path) -> None:
    assert find_model(save(tmp_path, family, **config)).settings.prefix == ""


def test_a_t5_of_the_original_vocabulary_asks_too(tmp_path: Path) -> None:
    with pytest.raises(T5TuneError, match="was trained with prefixes"):
        find_model(save(tmp_path, vocab_size=T5_VOCAB_SIZE))


def test_families_with_language_tokens_ask_for_both(tmp_path: Path) -> None:
    with pytest.raises(T5TuneError, match="needs to know the languages of source and target"):
        find_model(save(tmp_path, "nllb"), source_lang="en")


def test_a_model_that_is_not_a_run_has_its_own_search(tmp_path: Path) -> None:
    folder = save(tmp_path)
    own = {"num_beams": 3, "length_penalty": 0.0, "no_repeat_ngram_size": 0, "max_length": 31}
    ids = {"decoder_start_token_id": 0, "pad_token_id": 0, "eos_token_id": 1}
    path = tmp_path / "generation_config.json"
    for more in ({}, {"max_new_tokens": 7}):
        path.write_text(json.dumps({**own, **ids, **more}), encoding="utf-8")
        expected = DecodingOptions(7 if more else 30, 3, length_penalty=0.0)
        assert load_for_translation(folder).options == expected
    GenerationConfig(**ids).save_pretrained(folder)
    assert load_for_translation(folder).options == DecodingOptions(2 * 512 + 20, 1)

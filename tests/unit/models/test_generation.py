"""Test reading a generation configuration: the family's needs, not the author's search."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from transformers import AutoModelForSeq2SeqLM

from t5tune.decoding.search import build_generation_config
from t5tune.decoding.translator import DecodingOptions
from t5tune.errors import T5TuneError
from t5tune.models.generation import load_generation_config, override_needs
from t5tune.models.loading import load_config, load_model
from tests.integration.test_model_families import save_tiny_model
from tests.tiny_families import OF_SOMEBODY_ELSE

NEEDS = {
    "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3, "decoder_start_token_id": 3,
    "forced_bos_token_id": 2, "bad_words_ids": [[7]], "renormalize_logits": True,
}  # fmt: skip


@pytest.fixture(scope="module")
def bart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_model("bart", tmp_path_factory.mktemp("bart"))


def write(folder: Path, content: object, name: str = "generation_config.json") -> Path:
    (folder / name).write_text(json.dumps(content), encoding="utf-8")
    return folder


def test_a_search_is_the_recipes_and_loads_with_the_library(
    bart: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(bart, {**NEEDS, "forced_eos_token_id": 3, **OF_SOMEBODY_ELSE})
    model = load_model(str(bart))
    said = " ".join(capsys.readouterr().err.split())
    assert "asks for diversity_penalty, do_sample, early_stopping, encoder_no_repeat" in said
    assert "num_beams" not in said  # t5tune knows this key, whoever sets it
    for num_beams, others in ((1, {}), (2, {"length_penalty": 0.0})):
        options = DecodingOptions(17, num_beams, length_penalty=0.0)
        model.generation_config = build_generation_config(model, options)
        model.save_pretrained(tmp_path)
        saved = json.loads((tmp_path / "generation_config.json").read_text(encoding="utf-8"))
        del saved["transformers_version"]
        assert saved == {
            **NEEDS, "max_new_tokens": 17, "num_beams": num_beams, "no_repeat_ngram_size": 0,
            **others,
        }  # fmt: skip
        reloaded = AutoModelForSeq2SeqLM.from_pretrained(tmp_path)
        assert reloaded.generation_config.to_dict() == {
            **model.generation_config.to_dict(),
            "transformers_version": reloaded.generation_config.transformers_version,
        }


def test_a_recipe_changes_tokens_that_the_file_has_too(bart: Path) -> None:
    write(bart, NEEDS)
    config = load_config(str(bart), overrides={"forced_bos_token_id": None, "eos_token_id": 5})
    assert "forced_bos_token_id" not in config.to_dict()
    model = load_model(str(bart), config=config)
    override_needs(model.generation_config, {"forced_bos_token_id": None, "eos_token_id": 5})
    found = build_generation_config(model, DecodingOptions(5))
    assert (found.forced_bos_token_id, found.eos_token_id) == (None, 5)


def test_special_tokens_that_the_file_lacks_are_the_models(bart: Path) -> None:
    write(bart, {"num_return_sequences": 3})
    model = load_model(str(bart))
    search = build_generation_config(model, DecodingOptions(5)).to_dict()
    assert [search[key] for key in list(NEEDS)[:4]] == list(NEEDS.values())[:4]
    (bart / "generation_config.json").unlink()
    model = load_model(str(bart))
    search = build_generation_config(model, DecodingOptions(5)).to_dict()
    assert [search[key] for key in list(NEEDS)[:4]] == list(NEEDS.values())[:4]


def test_old_models_have_it_in_one_file(tmp_path: Path) -> None:
    old = {
        "bos_token_id": 2, "force_bos_token_to_be_generated": True, "num_beams": 4,
        "early_stopping": True, "d_model": 8,
    }  # fmt: skip
    found = load_generation_config(str(write(tmp_path, old, "config.json"))).to_dict()
    assert (found["forced_bos_token_id"], found["num_beams"]) == (2, 4)
    assert found["early_stopping"] is None
    assert "d_model" not in found


@pytest.mark.parametrize("content", ["{", "[]", "\x00\xff"])
def test_damage_is_one_sentence(content: str, tmp_path: Path) -> None:
    (tmp_path / "generation_config.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(T5TuneError, match=r"generation_config\.json is damaged: "):
        load_generation_config(str(tmp_path))


@pytest.mark.parametrize(
    "search",
    [
        {"num_beams": "four", "length_penalty": "long"}, {"num_beams": -1, "max_length": 0},
        {"num_beams": [4], "max_new_tokens": 2.5, "length_penalty": float("nan")},
    ],
)  # fmt: skip
def test_a_search_that_cannot_be_is_left_out(
    search: dict[str, object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = load_generation_config(str(write(tmp_path, {"no_repeat_ngram_size": 2, **search})))
    assert [getattr(found, key) for key in search] == [None] * len(search)
    assert found.no_repeat_ngram_size == 2
    said = " ".join(capsys.readouterr().err.split())
    assert f"asks for {', '.join(sorted(search))} when" in said


@pytest.mark.parametrize("key", ["eos_token_id", "bad_words_ids"])
def test_tokens_that_cannot_be_are_damage(key: str, tmp_path: Path) -> None:
    with pytest.raises(T5TuneError, match=rf"is damaged: {key} is \['x'\]\."):
        load_generation_config(str(write(tmp_path, {key: ["x"]})))

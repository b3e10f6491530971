"""Test that published models compute as they were trained where the library changes them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import (
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    NllbMoeConfig,
    NllbMoeForConditionalGeneration,
    PreTrainedModel,
)

from t5tune.data.encoding import encode_texts
from t5tune.data.side_encoding import end_targets
from t5tune.errors import T5TuneError
from t5tune.models.families import find_tag
from t5tune.models.loading import load_config, load_model, load_tokenizer
from tests.genuine_families import FAMILIES, write_files
from tests.genuine_tokenizers import load, to_json


@pytest.fixture
def published(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Return the directory of a published model, whose name is the parameter."""
    family = replace(FAMILIES[request.param], weights="safetensors")
    write_files(family.files(), tmp_path / "published")
    return tmp_path / "published"


def compute_logits(model: PreTrainedModel) -> torch.Tensor:
    ids = torch.tensor([[5, 9, 7, 1]])
    with torch.no_grad():
        logits: torch.Tensor = model.eval()(input_ids=ids, decoder_input_ids=ids).logits
    return logits


@pytest.mark.parametrize("published", ["UMT5"], indirect=True)
def test_outputs_are_not_scaled_that_were_not_in_training(published: Path, tmp_path: Path) -> None:
    model, plain = load_model(str(published)), AutoModelForSeq2SeqLM.from_pretrained(published)
    assert plain.config.tie_word_embeddings  # the published configuration says that it is not
    expected = compute_logits(plain) * model.config.d_model**0.5
    torch.testing.assert_close(compute_logits(model), expected)
    model.save_pretrained(tmp_path / "saved")
    for load_ in (load_model, AutoModelForSeq2SeqLM.from_pretrained):
        again = load_(str(tmp_path / "saved"))
        assert torch.equal(compute_logits(again), compute_logits(model))


@pytest.mark.parametrize("published", ["MADLAD-400"], indirect=True)
def test_what_a_tokenizer_does_not_know_does_not_end_its_texts(
    published: Path, tmp_path: Path
) -> None:
    tokenizer = load_tokenizer(str(published))
    tokenizer.save_pretrained(tmp_path / "saved")
    again = AutoTokenizer.from_pretrained(tmp_path / "saved")
    for one in (tokenizer, again):
        ids = one("<2de> two Ж one")["input_ids"]
        assert one.convert_ids_to_tokens(ids) == ["<2de>", "▁two", "▁", "<unk>", "▁one", "</s>"]
    stored = load_file(published / "model.safetensors")
    model = load_model(str(published))
    for side in (model.get_encoder(), model.get_decoder()):
        assert torch.equal(side.embed_tokens.weight, stored["decoder.embed_tokens.weight"])
    assert torch.equal(model.lm_head.weight, stored["lm_head.weight"])


@pytest.mark.parametrize("published", ["Marian", "Pegasus"], indirect=True)
def test_positions_are_those_of_the_saved_model(published: Path, tmp_path: Path) -> None:
    model = load_model(str(published))
    model.save_pretrained(tmp_path / "saved")
    saved = load_model(str(tmp_path / "saved"))
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, saved.state_dict()[name]), name


@pytest.mark.parametrize("published", ["T5Gemma"], indirect=True)
def test_targets_of_t5gemma_end_and_its_sources_stay_as_they_are(
    published: Path, tmp_path: Path
) -> None:
    tokenizer = load_tokenizer(str(published))
    before = encode_texts(["two one"], tokenizer, max_length=None)
    assert encode_texts(["two"], tokenizer, max_length=None, as_target=True)[0][0][-1] != 1
    end_targets(tokenizer)
    tokenizer.save_pretrained(tmp_path / "saved")
    for one in (tokenizer, load_tokenizer(str(tmp_path / "saved"))):
        assert encode_texts(["two one"], one, max_length=None) == before
        (bare, cut), num_cut = encode_texts(
            ["two", "two one four two"], one, max_length=2, as_target=True
        )
        assert (bare[-1], cut[-1], len(cut), num_cut) == (1, 1, 2, 1)
        assert 2 not in (bare[0], cut[0])


@pytest.mark.parametrize(
    ("name", "language", "tag"),
    [
        ("MADLAD-400", "de", "<2de> "), ("MADLAD-400", "deu", "<2de> "), ("MADLAD-400", "nl", ""),
        ("MADLAD-400", None, ""), ("T5", "de", ""), ("Marian, several targets", "de", ">>deu<< "),
        ("Marian, several targets", "fr", ""), ("Marian", "de", ""), ("BART", "de", ""),
    ],
)  # fmt: skip
def test_the_token_of_a_language(name: str, language: str | None, tag: str) -> None:
    family = FAMILIES[name]
    kind = family.config["model_type"]
    files = family.tokenizer() | {"config.json": to_json({"model_type": kind})}
    assert find_tag(kind, load(files), "translation", language) == tag


def test_nllb_moe_is_refused_as_long_as_the_library_computes_it_with_two_experts(
    tmp_path: Path,
) -> None:
    config = NllbMoeConfig(
        vocab_size=40, d_model=8, encoder_layers=1, decoder_layers=1, encoder_ffn_dim=8,
        decoder_ffn_dim=8, encoder_attention_heads=1, decoder_attention_heads=1, num_experts=6,
        encoder_sparse_step=1, decoder_sparse_step=1, encoder_layerdrop=0, decoder_layerdrop=0,
    )  # fmt: skip
    model = NllbMoeForConditionalGeneration(config).eval()
    ids = torch.arange(4, 40)[None]
    model(input_ids=ids, labels=ids).loss.backward()
    used = {
        name.split("expert_")[1].split(".")[0]
        for name, parameter in model.named_parameters()
        if "expert_" in name and parameter.grad is not None
    }
    assert used == {"0", "1"}
    config.save_pretrained(tmp_path)
    with pytest.raises(T5TuneError, match="with its first two experts alone"):
        load_config(str(tmp_path))

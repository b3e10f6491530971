"""Test that the main process broadcasts all of a model except its weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from t5tune.models.adapters import add_adapter
from t5tune.models.broadcasting import pack_model, unpack_model
from t5tune.models.freezing import freeze_parts
from t5tune.models.loading import load_model, load_tokenizer
from t5tune.recipe.sections.adapter_section import AdapterSection
from tests.genuine_families import FAMILIES as PUBLISHED
from tests.genuine_families import write_files
from tests.integration.test_model_families import FAMILIES, save_tiny_model


@pytest.mark.parametrize("family", [*FAMILIES, "Flan-T5", "LongT5"])
def test_a_model_arrives_as_it_was(family: str, tmp_path: Path) -> None:
    folder = str(tmp_path / "model")
    if family in FAMILIES:
        save_tiny_model(family, tmp_path / "model")
    else:  # with an output layer of its own, and without
        write_files(replace(PUBLISHED[family], weights="safetensors").files(), tmp_path / "model")
    model, tokenizer = load_model(folder), load_tokenizer(folder)
    model.generation_config.max_new_tokens = 7
    copied, copied_tokenizer = unpack_model(pack_model(model, tokenizer))
    assert type(copied) is type(model)
    assert not copied.training
    with torch.no_grad():
        pairs = (
            *zip(model.parameters(), copied.parameters(), strict=True),
            *zip(model.buffers(), copied.buffers(), strict=True),
        )
        for own, other in pairs:  # in the order in which `broadcast_weights` sends them
            assert (own.shape, own.dtype) == (other.shape, other.dtype)
            other.copy_(own)
    assert copied.generation_config.to_dict() == model.generation_config.to_dict()
    encoded = copied_tokenizer(["one two three"], return_tensors="pt")
    assert torch.equal(
        encoded["input_ids"], tokenizer(["one two three"], return_tensors="pt")["input_ids"]
    )
    generated = [m.generate(encoded["input_ids"]) for m in (model, copied)]
    assert torch.equal(*generated)
    assert copied_tokenizer.batch_decode(generated[0]) == tokenizer.batch_decode(generated[0])


def test_an_adapter_and_frozen_parts_arrive_too(tmp_path: Path) -> None:
    folder = str(save_tiny_model("bart", tmp_path / "model"))
    frozen, adapted = load_model(folder), load_model(folder)
    freeze_parts(frozen, ["encoder"])
    add_adapter(adapted, AdapterSection(type="dora", r=2), seed=1)
    for model in (frozen, adapted):
        copied, _ = unpack_model(pack_model(model, load_tokenizer(folder)))
        own, other = (
            [(name, p.shape, p.requires_grad) for name, p in one.named_parameters()]
            for one in (model, copied)
        )
        assert own == other
        assert {is_trained for _, _, is_trained in own} == {True, False}

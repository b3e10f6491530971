"""Test that validation refuses what a model from scratch would be refused for after seconds."""

from __future__ import annotations

from pathlib import Path

import pytest
import transformers

from t5tune.errors import T5TuneError
from t5tune.models.generation import FORCED_BOS
from t5tune.recipe.loading import load_recipe
from t5tune.recipe.sections.scratch_fields import FIELDS
from tests.conftest import write_tiny_recipe

S = "model.from_scratch."
R_DROP = "training.regularization.r_drop=1"
REFUSED = [
    (
        ["model.config.dropout=0.1"],
        "`model.config.dropout`: a t5 has no such field; did you mean dropout_rate?",
    ),
    ([f"{S}architecture=bart", "model.config.dropout_rate=0.1"], "did you mean dropout?"),
    (
        [f"{S}tokenizer.type=unigram", "data.augment.subword.dropout=0.1"],
        "`data.augment.subword.dropout` excludes a tokenizer of type unigram, which has alpha",
    ),
    (
        [f"{S}tokenizer.type=bpe", "data.augment.subword.alpha=0.1"],
        "`data.augment.subword.alpha` excludes a tokenizer of type bpe, which has dropout",
    ),
    (["data.augment.subword={}"], "one of type words has one"),
    ([R_DROP, "model.config.dropout_rate=0"], "and `model.config.dropout_rate` is 0"),
    (
        [R_DROP, f"{S}architecture=marian", "model.config.dropout=0.0"],
        "and `model.config.dropout` is 0",
    ),
    (
        [f"{S}architecture=marian", "decoding.max_new_tokens=513"],
        "`decoding.max_new_tokens` is 513, and this marian has 512 positions",
    ),
    (
        [f"{S}architecture=bart", "model.config.max_position_embeddings=40",
         "decoding.max_new_tokens=41"],
        "`decoding.max_new_tokens` is 41, and this bart has 40 positions",
    ),
    (
        ["model.freeze=[encoder.layers.0-1]"],
        "`model.freeze` has encoder.layers.0-1, and the layers of this encoder are 0 to 0",
    ),
    (
        [f"{S}num_layers=3", f"{S}num_decoder_layers=2", "model.freeze=[decoder.layers.2]"],
        "the layers of this decoder are 0 to 1",
    ),
    (["model.freeze=[encoder.layers.3-1]"], "encoder.layers.3-1, which ends before it begins"),
]  # fmt: skip
ACCEPTED = [
    ["model.config={num_hidden_layers: 2, a_field_of_tomorrow: 1}"],
    ["training.packing=true"],
    [f"{S}tokenizer.type=unigram", "data.augment.subword.alpha=0.1"],
    [f"{S}tokenizer.type=bpe", "data.augment.subword={}"],
    [f"{S}tokenizer={{type: existing, name: ./a}}", "data.augment.subword.dropout=0.1"],
    [R_DROP],
    [R_DROP, f"{S}architecture=bart", "model.config={dropout: 0, attention_dropout: 0.1}"],
    ["decoding.max_new_tokens=5000"],
    [f"{S}architecture=bart", "decoding.max_new_tokens=1024"],
    ["model.freeze=[encoder.layers.0, decoder.layers.0-0]"],
    ["model.freeze=[encoder.layers.2]", "model.config.num_layers=3"],
]


@pytest.mark.parametrize(("changes", "problem"), REFUSED)
def test_what_the_recipe_alone_tells_is_refused_by_validation(
    changes: list[str], problem: str, tmp_path: Path
) -> None:
    with pytest.raises(T5TuneError) as refused:
        load_recipe(write_tiny_recipe(tmp_path), changes)
    assert problem in refused.value.message


@pytest.mark.parametrize("changes", ACCEPTED)
def test_what_training_accepts_is_not_refused(changes: list[str], tmp_path: Path) -> None:
    load_recipe(write_tiny_recipe(tmp_path), changes)


@pytest.mark.parametrize("architecture", FIELDS)
def test_the_fields_are_those_of_the_library(architecture: str) -> None:
    config = getattr(transformers, f"{architecture.title()}Config")
    assert {*config().to_dict(), *config.attribute_map, FORCED_BOS} == set(FIELDS[architecture])


@pytest.mark.parametrize("split", ["train[:abc]", "train[5", "train[:10%]+test[", "train[1.5:]"])
def test_a_slice_that_nobody_can_read_is_refused(split: str, tmp_path: Path) -> None:
    changes = ["data.train.file=null", "data.train.hub=a/b", f"data.train.split='{split}'"]
    with pytest.raises(T5TuneError, match="is not a slice that can be read, such as train"):
        load_recipe(write_tiny_recipe(tmp_path), changes)


@pytest.mark.parametrize(
    "split", ["train", "all", "train[:1%]", "train[-100:] + test", "a-b", "x[10%:20%](closest)"]
)
def test_slices_of_the_library_are_accepted(split: str, tmp_path: Path) -> None:
    changes = ["data.train.file=null", "data.train.hub=a/b", f"data.train.split='{split}'"]
    load_recipe(write_tiny_recipe(tmp_path), changes)

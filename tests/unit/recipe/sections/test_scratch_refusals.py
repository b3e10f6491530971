"""Test that validation refuses what a model from scratch would be refused for after seconds."""

from __future__ import annotations

from pathlib import Path

import pytest
import transformers

from t5tune.errors import T5TuneError
from t5tune.models.generation import FORCED_BOS
from t5tune.recipe.loading import change_recipe, dump_recipe, load_recipe
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


CONFLICTS = [
    ([f"{S}d_model=64", "model.config.d_model=128"], "d_model", f"`{S}d_model` is 64"),
    (["model.config.hidden_size=128"], "hidden_size", f"`{S}d_model` is 16"),
    ([f"{S}feed_forward_proj=gated-gelu", "model.config.feed_forward_proj=relu"],
     "feed_forward_proj", f"`{S}feed_forward_proj` is gated-gelu"),
    (["model.config.num_hidden_layers=3"], "num_hidden_layers", f"`{S}num_layers` is 1"),
    ([f"{S}architecture=marian", "model.config.encoder_layers=3"],
     "encoder_layers", f"`{S}num_layers` is 1"),
    ([f"{S}architecture=bart", f"{S}activation=relu", "model.config.activation_function=gelu"],
     "activation_function", f"`{S}activation` is relu"),
]  # fmt: skip
AGREEING = [
    ["model.config.d_model=16"],
    ["model.config.num_decoder_layers=2"],
    ["model.config.d_kv=2"],
    ["model.config.feed_forward_proj=gated-gelu"],
    [f"{S}num_layers=null", "model.config.num_layers=3"],
    [f"{S}architecture=marian", "model.config={decoder_ffn_dim: 8, decoder_attention_heads: 1}"],
]


@pytest.mark.parametrize(("changes", "field", "other"), CONFLICTS)
def test_a_size_that_is_given_twice_is_refused_in_new_recipes(
    changes: list[str], field: str, other: str, tmp_path: Path
) -> None:
    path = write_tiny_recipe(tmp_path)
    with pytest.raises(T5TuneError) as refused:
        load_recipe(path, changes, for_training=True)
    message = refused.value.message
    assert message.startswith(f"command line: model.config.{field}: it is ")
    assert message.endswith(f", and {other}; give one of them")
    kept = load_recipe(path, changes)  # as commands read the recipe of a run
    changed = change_recipe(kept, ["training.seed=8"], path, for_training=True)
    assert changed.training.seed == 8
    with pytest.raises(T5TuneError, match=rf"model\.config\.{field}: it is 5, and"):
        change_recipe(kept, [f"model.config.{field}=5"], path, for_training=True)


def test_a_written_default_is_one_of_two_sizes_as_well(tmp_path: Path) -> None:
    path = write_tiny_recipe(tmp_path)
    with pytest.raises(T5TuneError, match=r"it is 3, and `model\.from_scratch\.num_layers` is 4"):
        load_recipe(path, [f"{S}num_layers=4", "model.config.num_layers=3"], for_training=True)


@pytest.mark.parametrize("changes", AGREEING)
def test_a_size_that_is_given_once_is_accepted(changes: list[str], tmp_path: Path) -> None:
    path = write_tiny_recipe(tmp_path)
    recipe = load_recipe(path, changes, for_training=True)
    path.write_text(dump_recipe(recipe), encoding="utf-8")  # with keys that nobody wrote
    load_recipe(path, for_training=True)

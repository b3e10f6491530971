"""Test the keys of splits that are cut from the training data, and of streamed training data."""

from __future__ import annotations

from typing import Any

import pytest

from t5tune.errors import T5TuneError
from t5tune.recipe.loading import build_recipe, dump_recipe
from t5tune.recipe.places import CutSplit
from t5tune.recipe.schema import Recipe
from t5tune.recipe.sections.data_entry import DataEntry
from t5tune.recipe.yaml_lines import parse_yaml

CUT = {"from": "train", "size": 5}


def build(*overrides: str, **entries: dict[str, Any]) -> Recipe:
    data = {split: {"file": f"/{split}.tsv"} for split in ("train", "validation", "test")}
    return build_recipe(
        {"name": "a", "task": "text2text", "model": {"name": "a/b"}, "data": {**data, **entries}},
        overrides,
    )


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        ({"size": 2000}, CutSplit(2000)),
        ({"size": 1e3}, CutSplit(1000)),
        ({"size": "5%", "seed": 3}, CutSplit("5%", 3)),
    ],
)
def test_a_cut_is_a_place(keys: dict[str, Any], place: CutSplit) -> None:
    assert DataEntry.model_validate({"from": "train", **keys}).place == place


@pytest.mark.parametrize(
    ("size", "num", "words"),
    [(2000, 2000, "2,000 examples"), ("5%", 510, "5%"), ("0.1 %", 10, "0.1 %"), ("0.001%", 1, "0")],
)
def test_the_number_of_examples_of_a_cut(size: int | str, num: int, words: str) -> None:
    assert CutSplit(size).count(10_200) == num
    assert str(CutSplit(size)).startswith(words)


def test_a_recipe_with_a_cut_is_written_and_read_again() -> None:
    recipe = build(validation=CUT, test={"from": "train", "size": "5%", "seed": 1})
    assert recipe.data.cuts == {"validation": CutSplit(5), "test": CutSplit("5%", 1)}
    text = dump_recipe(recipe)
    assert build_recipe(parse_yaml(text, "r.yaml").value) == recipe
    assert build("data.test.file=null", "data.test.from=train", "data.test.size=5%").data.cuts


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ({"validation": {**CUT, "size": "0 %"}}, "validation.size: a share is more than 0%"),
        ({"validation": {**CUT, "size": "100%"}}, "less than 100%, and this is 100%"),
        ({"validation": {**CUT, "size": -3}}, "such as 5%; found -3"),
        ({"validation": {**CUT, "size": 0}}, "such as 5%; found 0"),
        ({"validation": {**CUT, "size": "2000"}}, "write a number of examples, such as 2000"),
        ({"validation": {**CUT, "size": True}}, "such as 5%; found True"),
        ({"validation": {**CUT, "size": 0.1}}, "such as 5%; found 0.1"),
        ({"validation": {**CUT, "from": "test"}}, "validation.from: only train can be cut"),
        ({"test": {**CUT, "from": "validation"}, "validation": CUT}, "test.from: only train can"),
        ({"validation": {**CUT, "from": 3}}, "validation.from: write `from: train`"),
        ({"train": CUT}, "data.train: `train` is what other splits are cut from"),
        ({"validation": {"from": "train"}}, "data.validation: `from` needs a `size`"),
        ({"validation": {"file": "a.tsv", "size": 3}}, "data.validation: `size` requires `from`"),
        ({"validation": {**CUT, "max_examples": 3}}, "`max_examples` belongs to data.train"),
        ({"validation": {**CUT, "source": "en"}}, "`source` belongs to data.train"),
        ({"validation": {**CUT, "file": "a.tsv"}}, "data.validation: give one of `hub`"),
        ({"validation": {"file": "a.tsv", "streaming": True}}, "`streaming` is for data.train"),
        ({"train": {"file": "a.tsv", "shuffle_buffer": 9}}, "`shuffle_buffer` requires"),
    ],
)
def test_what_is_wrong_is_one_sentence(entries: dict[str, Any], expected: str) -> None:
    with pytest.raises(T5TuneError) as caught:
        build(**entries)
    assert expected in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ([], "`streaming` on data.train needs `training.max_steps`"),
        (["training.num_train_epochs=2"], "needs `training.max_steps`"),
        (["training.max_steps=9", "training.packing=true"], "`training.packing` exclude each"),
        (["training.max_steps=9", "model.name=null", "model.from_scratch={d_model: 64}"],
         "needs a tokenizer of type bytes or existing"),
    ],
)  # fmt: skip
def test_what_streaming_cannot_have_is_one_sentence(overrides: list[str], expected: str) -> None:
    with pytest.raises(T5TuneError) as caught:
        build(*overrides, train={"file": "a.tsv", "streaming": True})
    assert expected in caught.value.message
    assert "\n" not in caught.value.message

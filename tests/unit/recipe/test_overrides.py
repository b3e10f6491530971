"""Test changes of a recipe, as text and as keywords of a call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from t5tune.errors import T5TuneError
from t5tune.recipe.loading import build_recipe, load_recipe
from t5tune.recipe.overrides import format_override, parse_override, read_keywords
from tests.conftest import TINY

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("C", "Zl", "Zp"))),
    st.lists,
)  # fmt: skip


@given(VALUES)
@example("translate English to German: ")
def test_a_formatted_override_is_read_as_the_same_value(value: Any) -> None:
    read = parse_override(format_override("training.extra.key", value)).value
    assert read == value
    assert type(read) is type(value)


def test_mappings_are_changed_key_by_key() -> None:
    nested = read_keywords({"training": {"max_steps": 5, "extra": {"push_to_hub": False}}})
    dotted = read_keywords({"training.max_steps": 5, "training.extra.push_to_hub": False})
    assert nested == dotted
    assert [override.text for override in nested] == [
        "training.max_steps=5",
        "training.extra.push_to_hub=false",
    ]


def test_keywords_change_a_recipe_as_the_command_line_does(tiny_recipe: Path) -> None:
    typed = load_recipe(
        tiny_recipe, ["training.max_steps=5", "training.seed=null", "data.prefix='a: '"]
    )
    keywords = read_keywords(
        {"training": {"max_steps": 5, "seed": None}, "data.prefix": "a: "},
    )
    assert load_recipe(tiny_recipe, keywords) == typed
    assert typed.data.prefix == "a: "


def test_paths_in_keywords_are_those_of_the_current_directory(
    tiny_recipe: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    recipe = load_recipe(tiny_recipe, read_keywords({"data": {"test": {"file": Path("own.tsv")}}}))
    assert recipe.data.test is not None
    assert recipe.data.test.file == str(tmp_path / "here" / "own.tsv")
    assert recipe.data.train.file == str(tmp_path / "train.tsv")


def test_wrong_keywords_are_named_together(tiny_recipe: Path) -> None:
    keywords = read_keywords({"training": {"max_step": 5, "seed": "x"}})
    with pytest.raises(T5TuneError) as raised:
        load_recipe(tiny_recipe, keywords)
    assert raised.value.message == (
        "2 problems:\n"
        "keywords: training.seed: expected a whole number, found 'x'\n"
        "keywords: training.max_step: unknown key; did you mean max_steps?"
    )


def test_a_dictionary_is_a_recipe(tiny_recipe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tiny_recipe.parent)
    recipe = build_recipe(TINY, ["training.max_steps=5"])
    assert recipe == load_recipe(tiny_recipe, ["training.max_steps=5"])
    assert build_recipe(recipe) == recipe
    with pytest.raises(T5TuneError) as raised:
        build_recipe({**TINY, "decoding": {"num_beam": 2}})
    assert raised.value.message == "recipe: decoding.num_beam: unknown key; did you mean num_beams?"

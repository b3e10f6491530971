from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from t5tune.errors import T5TuneError
from t5tune.recipe.loading import (
    build_recipe,
    differing_keys,
    dump_recipe,
    dump_values,
    load_recipe,
)
from t5tune.recipe.schema import Recipe
from t5tune.recipe.sections.data_section import DataSection
from t5tune.recipe.yaml_lines import parse_yaml
from tests.tiny_sections import build_tiny_recipe, resolved

A, B = {"file": "a.tsv"}, {"file": "b.tsv"}


def mix(*entries: dict[str, Any], **data: Any) -> Recipe:
    return build_tiny_recipe(train=list(entries), **data)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("entries", "data", "sentence"),
    [
        ([A, {**B, "weight": 0}], {}, "greater than 0"),
        ([A, {**B, "weight": -2.0}], {}, "greater than 0"),
        ([{**A, "weight": 1}, B], {}, "give each entry of `train` a `weight`, or none"),
        ([{**A, "weight": 1}], {"mixing": {"temperature": 2}}, "exclude each other"),
        ([A, A], {}, "two entries of `train` are called a.tsv; give each a `name`"),
        ([A, {**B, "streaming": True}], {}, "`streaming` is for data.train with a single entry"),
        ([A, {"from": "train", "size": 5}], {}, "name its own place"),
        ([{**A, "until_step": 5}, {**B, "from_step": 9}], {}, "is used after step 5"),
        ([{**A, "from_step": 5, "until_step": 5}, B], {}, "is not after `from_step` 5"),
        ([{**A, "until_step": 5}, B], {}, "need `training.max_steps`"),
    ],
)
def test_mixtures_that_cannot_be(
    entries: list[dict[str, Any]], data: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValidationError, match=sentence):
        mix(*entries, **data)


def test_temperature_needs_a_list() -> None:
    with pytest.raises(ValidationError, match="`mixing` is for a list"):
        build_tiny_recipe(mixing={"temperature": 2})


def test_an_unknown_key_of_an_entry_is_named_with_its_place() -> None:
    values = mix(A, B).model_dump(mode="json", exclude_none=True)
    values["data"]["train"][1]["wieght"] = 3
    with pytest.raises(T5TuneError) as raised:
        build_recipe(values)
    assert "data.train[1].wieght: unknown key; did you mean weight?" in raised.value.message
    values["data"]["test"] = [A, {**B, "targte_lang": "de"}]
    with pytest.raises(T5TuneError) as raised:
        build_recipe(values)
    assert (
        "data.test[1].targte_lang: unknown key; did you mean target_lang?" in raised.value.message
    )
    values["data"]["train"] = ["a.tsv", "b.tsv"]
    with pytest.raises(T5TuneError) as raised:
        build_recipe(values)
    assert "write {file: [a.tsv, b.tsv]}" in raised.value.message


def test_a_key_of_one_entry_is_changed_by_its_number_or_its_name() -> None:
    values = mix({**A, "weight": 1, "name": "news"}, {**B, "weight": 1}).model_dump(mode="json")
    overrides = [
        "data.train.news.weight=2", "data.train[1].weight=3", "data.train.1.source={en} {de}",
        "data.train.news.max_repeats=2", "data.train.0.max_repeats=null", "data.train.1.file=c.tsv",
    ]  # fmt: skip
    first, second = build_recipe(values, overrides).data.mixture
    assert (first.weight, first.max_repeats) == (2, None)
    assert (second.weight, second.source, second.title) == (3, "{en} {de}", "c.tsv")
    (alone,) = build_recipe(values, ["data.train.news=null"]).data.mixture
    assert alone.title == "b.tsv"
    for override, sentence in (
        ("data.train.nwes.weight=2", "0 (news), 1, and nwes is none of them; did you mean news?"),
        ("data.train.2.weight=2", "data.train.2.weight: data.train is a list whose entries are"),
        ("data.train.weight=2", "and weight is none of them."),
        ("data.train.news.weight=-2", "command line: data.train[0].weight: "),
        ("data.train.1.wieght=2", "command line: data.train[1].wieght: unknown key; did you mean"),
        ("data.train.0.file.x=2", "data.train.0.file is a value, not a section"),
    ):
        with pytest.raises(T5TuneError) as raised:
            build_recipe(values, [override])
        assert sentence in raised.value.message


def test_the_path_of_an_override_of_one_entry_starts_here(tmp_path: Path) -> None:
    values = mix(A, B).model_dump(mode="json", exclude_none=True)
    file = tmp_path / "recipe.yaml"
    file.write_text(dump_values(values), encoding="utf-8")
    data = load_recipe(file, ["data.train.1.file=c.tsv"]).data
    assert [entry.file for entry in data.mixture] == [
        str(tmp_path / "a.tsv"), str(Path("c.tsv").absolute()),
    ]  # fmt: skip


def test_a_resolved_mixture_is_read_as_it_was() -> None:
    recipe = resolved(mix({**A, "weight": 1}, {**B, "weight": 2, "prefix": "b: "}))
    assert [entry.prefix for entry in recipe.data.mixture] == ["", "b: "]
    again = Recipe.model_validate(parse_yaml(dump_recipe(recipe), "recipe.yaml").value)
    assert differing_keys(again, recipe) == []
    moved = recipe.data.with_entries({"train[1]": recipe.data.mixture[0]})
    changed = recipe.model_copy(update={"data": moved})
    assert "data.train[1].file" in differing_keys(changed, recipe)
    assert [*recipe.data.entries] == ["train[0]", "train[1]", "validation", "test"]


def test_entries_with_the_same_examples_share_them() -> None:
    late = {**A, "name": "late", "from_step": 3, "weight": 1}
    entries = [{**A, "weight": 2}, {**B, "weight": 1}, late]
    data = DataSection.model_validate({"train": entries, "validation": A})
    assert data.origins == {"train[0]": "train[0]", "train[1]": "train[1]", "train[2]": "train[0]"}
    assert data.changes == [0, 3]


def test_both_directions_are_two_entries() -> None:
    both = {**A, "directions": "both", "source_lang": "en", "target_lang": "de"}
    french = {**B, "source_lang": "en", "target_lang": "fr", "prefix": "fr: "}
    values: dict[str, Any] = {
        "name": "a",
        "task": "translation",
        "source_lang": "en",
        "target_lang": "de",
        "model": {"name": "a/b"},
        "data": {"train": [both, french], "validation": A},
    }
    data = Recipe.model_validate(values).data
    assert [(one.title, one.directions) for one in data.mixture] == [
        ("a.tsv", None),
        ("b.tsv", None),
        ("a.tsv (de to en)", "reversed"),
    ]
    assert data.find_directions(("en", "de")) == [("en", "de"), ("en", "fr"), ("de", "en")]
    assert data.written_languages("train[2]", ("en", "de")) == ("en", "de")
    for key, value, sentence in (
        ("validation", {"from": "train", "size": 5}, "`from: train` cuts one direction"),
        ("prefix", "to German: ", "`data.prefix` is the same for all directions"),
        ("test", [A, {**A, "target_lang": "nl"}], "no entry of `train` is from en to nl"),
        ("train", [{**both, "prefix": "x"}], "`prefix` and `directions: both` exclude"),
    ):
        with pytest.raises(ValidationError, match=sentence):
            Recipe.model_validate({**values, "data": {**values["data"], key: value}})
    with pytest.raises(ValidationError, match="no entry of `train` has this direction"):
        Recipe.model_validate({**values, "target_lang": "nl"})

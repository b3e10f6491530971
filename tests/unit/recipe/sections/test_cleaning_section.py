"""Test how `data.cleaning` and `data.normalization` are written, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from t5tune.recipe.problems import describe_problems
from t5tune.recipe.schema import Recipe
from t5tune.recipe.sections.cleaning_section import STANDARD_RULES
from t5tune.training.checkpoints.resuming import fingerprint_recipe


def recipe_of(**changes: Any) -> Recipe:
    values: dict[str, Any] = {
        "name": "x", "task": "translation", "source_lang": "en", "target_lang": "de",
        "model": {"name": "a/b"},
        "data": {"train": {"file": "a.tsv"}, "validation": {"file": "b.tsv"}},
    }  # fmt: skip
    data = values["data"] | changes.pop("data", {})
    return Recipe.model_validate({**values, **changes, "data": data})


def rules_of(cleaning: Any, **changes: Any) -> dict[str, Any]:
    section = recipe_of(data={"cleaning": cleaning}, **changes).data.cleaning
    assert section is not None
    return {name: rule.model_dump() for name, rule in section.rules.items()}


def test_rules_are_a_preset_a_list_or_settings() -> None:
    assert tuple(rules_of("standard")) == STANDARD_RULES
    assert rules_of(["html", {"length_ratio": {"most": 4}}]) == {
        "html": {}, "length_ratio": {"most": 4.0},
    }  # fmt: skip
    assert rules_of({"html": True, "blank": False, "too_long": {"characters": 1e3}}) == {
        "html": {}, "too_long": {"characters": 1000},
    }  # fmt: skip
    others = rules_of(["standard", {"duplicates": False, "length_ratio": {"most": 2}}])
    assert "duplicates" not in others
    assert others["length_ratio"] == {"most": 2.0}
    # A summary is short, and has some of the numbers.
    assert tuple(rules_of("standard", task="summarization")) == (
        "blank", "control_characters", "html", "repeated_text", "duplicates",
    )  # fmt: skip
    written = recipe_of(data={"cleaning": "standard"})
    assert Recipe.model_validate(written.model_dump(mode="json")) == written


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"data": {"cleaning": "standart"}}, "data.cleaning: 'standart' is not a rule; did you"),
        ({"data": {"cleaning": ["nothing alike"]}}, "is not a rule; there are standard, blank,"),
        ({"data": {"cleaning": {"htlm": True}}}, "data.cleaning.htlm: unknown key; did you mean"),
        ({"data": {"cleaning": {"length_ratio": {"most": 1}}}}, "data.cleaning.length_ratio.most:"),
        ({"data": {"cleaning": [{"too_long": {"x": 1}}]}}, "data.cleaning.too_long.x: unknown key"),
        ({"data": {"cleaning": {"html": 1}}}, "data.cleaning.html: expected true or false, found"),
        ({"data": {"cleaning": ["wrong_language"]}, "task": "text2text", "source_lang": None,
          "target_lang": None}, "`data.cleaning.wrong_language` needs `source_lang`"),
        ({"data": {"cleaning": "standard", "train": {"file": "a", "streaming": True}},
          "training": {"max_steps": 3}}, "`cleaning.duplicates` and `streaming`"),
        ({"data": {"normalization": ["romanian"]}}, "`data.normalization` has romanian"),
        ({"data": {"normalization": ["nfd"]}}, "data.normalization[0]: expected entities, nfc,"),
    ],
    ids=lambda one: str(one)[-20:],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_key(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError) as refused:
        recipe_of(**changes)
    ((_, said),) = describe_problems(refused.value, lambda _: "r.yaml")
    assert sentence in said


def test_runs_without_cleaning_keep_their_fingerprint() -> None:
    recipe = recipe_of()
    assert fingerprint_recipe(recipe) == fingerprint_recipe(recipe_of(data={"cleaning": None}))
    fingerprints = {
        fingerprint_recipe(recipe_of(data=data))
        for data in ({}, {"cleaning": "html"}, {"cleaning": "blank"}, {"normalization": ["nfc"]})
    }
    assert len(fingerprints) == 4

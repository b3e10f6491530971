"""Test that an entry of a mixture can have rules of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from t5tune.data.store.data_identity import identify_training
from t5tune.data.training_text import open_training
from t5tune.errors import T5TuneError
from t5tune.recipe.schema import Recipe
from t5tune.training.checkpoints.resuming import fingerprint_recipe

LINES = ["a dog\tein Hund", "a dog\tein Hund", "<b>a cat\teine Katze", "one\teins"]


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Return two files with the same pairs: one twice, one with a tag."""
    paths = [tmp_path / name for name in ("web.tsv", "checked.tsv")]
    for path in paths:
        path.write_text("en\tde\n" + "".join(f"{line}\n" for line in LINES), encoding="utf-8")
    return list(map(str, paths))


def recipe_of(files: list[str], *own: object, task: str = "translation") -> Recipe:
    """Return a recipe with a rule for HTML; an entry has rules of its own unless they are `...`."""
    entries = [
        {"file": file} | ({} if rules is ... else {"cleaning": rules})
        for file, rules in zip(files, own, strict=True)
    ]
    languages = {"source_lang": "en", "target_lang": "de"} if task == "translation" else {}
    columns = {} if task == "translation" else {"source": "en", "target": "de"}
    return Recipe.model_validate(
        {
            "name": "cleaned",
            "task": task,
            **languages,
            "model": {"name": "t5-small"},
            "data": {
                **columns,
                "train": entries,
                "validation": {"file": files[0]},
                "cleaning": ["html"],
            },
        }
    )


def count_kept(recipe: Recipe) -> list[int]:
    texts = open_training(recipe.data, recipe.source_lang, recipe.target_lang)
    return [
        sum(len(pairs.sources) for pairs in text.usable_chunks("reading"))
        for text in texts.values()
    ]


def test_rules_of_an_entry_take_the_place_of_those_of_all(files: list[str]) -> None:
    assert count_kept(recipe_of(files, ..., ...)) == [3, 3]
    assert count_kept(recipe_of(files, ..., [])) == [3, 4]
    assert count_kept(recipe_of(files, ["duplicates"], "standard")) == [3, 2]


def test_an_entry_without_rules_of_its_own_is_what_it_was(files: list[str]) -> None:
    same, other = (recipe_of(files, ..., rules) for rules in (..., []))
    before, now = (identify_training(one.data, "en", "de") for one in (same, other))
    assert now["train[0]"] == before["train[0]"]
    assert now["train[1]"] != before["train[1]"]
    assert fingerprint_recipe(same) != fingerprint_recipe(other)


def test_an_error_names_the_rules_of_the_entry(files: list[str]) -> None:
    recipe = recipe_of(files, ..., {"too_long": {"characters": 1}})
    with pytest.raises(T5TuneError, match=r"data\.train\[1\]\.cleaning\.too_long leaves out 4 of"):
        count_kept(recipe)
    with pytest.raises(ValidationError, match=r"`data\.train\[1\]\.cleaning\.wrong_language` need"):
        recipe_of(files, ..., ["wrong_language"], task="text2text")


def test_standard_rules_of_an_entry_fit_the_task(files: list[str]) -> None:
    recipe = recipe_of(files, ..., "standard", task="text2text")
    section = recipe.data.cleaning_of("train[1]")
    assert section is not None
    assert "html" in section.rules
    assert "length_ratio" not in section.rules

"""The section `data.augment`: shares, rounds, paths, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from t5tune.errors import T5TuneError
from t5tune.recipe.choices import ModelFacts
from t5tune.recipe.data_choices import choose_rounds
from t5tune.recipe.loading import build_recipe, load_recipe
from t5tune.recipe.resolve import resolve_for_model
from t5tune.training.checkpoints.resuming import fingerprint_recipe
from tests.conftest import TINY, write_tiny_recipe


def recipe_with(augment: Any, **training: Any) -> Any:
    data = {**TINY["data"], "augment": augment}
    return build_recipe({**TINY, "data": data, "training": {**TINY["training"], **training}})


def test_a_number_is_a_share_and_paths_start_at_the_recipe(tmp_path: Path) -> None:
    overrides = ["data.augment.typos=0.1", "data.augment.names.share=0.2"]
    recipe = load_recipe(write_tiny_recipe(tmp_path), overrides)
    assert recipe.data.augment is not None
    assert {name: one.share for name, one in recipe.data.augment.kinds.items()} == {
        "typos": 0.1,
        "names": 0.2,
    }
    table = tmp_path / "tiny.yaml"
    text = table.read_text(encoding="utf-8").replace(
        "data:\n", "data:\n  augment:\n    counterfactual: {share: 1, file: swaps.tsv}\n"
    )
    table.write_text(text, encoding="utf-8")
    augment = load_recipe(table).data.augment
    assert augment is not None
    assert augment.counterfactual is not None
    assert augment.counterfactual.file == str(tmp_path / "swaps.tsv")


@pytest.mark.parametrize(
    ("augment", "sentence"),
    [
        ({"rounds": 2}, "no augmentation is named"),
        ({"upper": 1.5}, "data.augment.upper.share: "),
        ({"upper": 0.6, "lower": 0.6}, "more than 1 together"),
        ({"typo": 0.1}, "did you mean typos?"),
        ({"typos": {"rate": 0.1}}, "data.augment.typos.share: this key is required"),
        ({"counterfactual": 0.5}, "data.augment.counterfactual: expected a section"),
        ({"subword": {"alpha": 0.1, "dropout": 0.1}}, "a model has one of them"),
        ({"subword": {}}, "one of type words has one"),
    ],
)
def test_nonsense_is_refused(augment: Any, sentence: str) -> None:
    with pytest.raises(T5TuneError) as error:
        recipe_with(augment)
    assert sentence in error.value.message
    assert "\n" not in error.value.message


def test_streams_have_no_rounds_and_names_of_their_own() -> None:
    for augment in ({"upper": 0.1, "rounds": 2}, {"names": 0.1}):
        data = {**TINY["data"], "augment": augment}
        data["train"] = {"file": "train.tsv", "streaming": True}
        with pytest.raises(T5TuneError, match="streaming"):
            build_recipe({**TINY, "data": data})


def test_rounds_are_no_more_than_the_epochs() -> None:
    assert choose_rounds(recipe_with({"upper": 0.1})) == 4, "steps, so that epochs are unknown"
    for epochs, rounds in ((0.5, 1), (1.5, 2), (9, 4)):
        one = recipe_with({"upper": 0.1}, max_steps=None, num_train_epochs=epochs)
        assert choose_rounds(one) == rounds
    assert choose_rounds(recipe_with({"upper": 0.1, "rounds": 7})) == 7


def test_recipes_without_the_section_keep_their_fingerprint() -> None:
    content = build_recipe(TINY).model_dump(mode="json")
    assert content["data"].pop("augment") is None
    assert fingerprint_recipe(build_recipe(TINY)) == fingerprint_recipe(build_recipe(content))
    assert fingerprint_recipe(recipe_with({"upper": 0.1})) != fingerprint_recipe(build_recipe(TINY))


def test_a_run_that_takes_more_epochs_keeps_its_rounds() -> None:
    longer = recipe_with({"upper": 0.1}, max_steps=None, num_train_epochs=9)
    facts = ModelFacts("t5", 1e-3, "", length_limit=9, began_with_rounds=2)
    resolved, choices = resolve_for_model(longer, facts)
    assert resolved.data.augment is not None
    assert (resolved.data.augment.rounds, resolved.data.augment.seed) == (2, 42)
    assert any(one.key == "data.augment.rounds" and "began" in one.reason for one in choices)

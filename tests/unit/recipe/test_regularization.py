"""Test the section of regularizers: what excludes each other, and what old runs keep."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from t5tune.recipe.schema import Recipe
from t5tune.recipe.sections.regularization_section import RegularizationSection
from t5tune.training.checkpoints.resuming import fingerprint_recipe
from t5tune.training.regularizers.kinds import REGULARIZERS
from tests.tiny_sections import build_tiny_recipe

EARLIER = "28352078bd4d609c72dc71d2d66134ad259143eddc65537aab4c989beed81470"
SCRATCH = {"from_scratch": {"tokenizer": {"type": "bytes"}}}


def test_every_key_has_a_module_and_says_what_it_is() -> None:
    fields = RegularizationSection.model_fields
    assert fields.keys() == REGULARIZERS.keys()
    assert all(field.title for field in fields.values())
    section = RegularizationSection.model_validate(
        {"r_drop": 5.0, "free_lb": {"epsilon": 0.02, "steps": 4}}
    )
    assert section.describe() == [
        "r_drop 5: R-Drop (Liang et al. 2021)",
        "free_lb epsilon 0.02, steps 4: FreeLB (Zhu et al. 2020)",
    ]


def change(recipe: Recipe, **training: Any) -> Recipe:
    return Recipe.model_validate(recipe.model_dump() | {"training": training})


@pytest.mark.parametrize(
    ("training", "model", "said"),
    [
        ({"regularization": {"fgm": 0.1, "free_lb": {"epsilon": 0.1}}}, None, "not both"),
        ({"regularization": {"r_drop": 1.0}, "sharding": "fsdp"}, None, "needs all weights"),
        (
            {"regularization": {"fgm": 0.1}, "packing": True, "torch_compile": True},
            None,
            "`torch_compile` exclude each other",
        ),
        ({"regularization": {"l2_sp": 0.1}}, SCRATCH, "`model.from_scratch` has none"),
        ({"regularization": {"word_dropout": 1.0}}, None, "less than 1"),
        ({"regularization": {"mixup": 1.0}}, None, "Extra inputs"),
    ],
)
def test_what_cannot_be_together_is_refused(
    training: dict[str, Any], model: dict[str, Any] | None, said: str
) -> None:
    values = build_tiny_recipe().model_dump() | {"training": training}
    with pytest.raises(ValidationError, match=said):
        Recipe.model_validate(values | ({"model": model} if model else {}))
    # Noise on the sources goes with everything.
    change(build_tiny_recipe(), sharding="fsdp", regularization={"word_dropout": 0.1})


def test_runs_from_before_there_were_regularizers_keep_their_fingerprint() -> None:
    recipe = build_tiny_recipe()
    # As version 0.1.0 made it of this recipe, and every later one.
    assert fingerprint_recipe(recipe) == EARLIER
    with_one = change(recipe, regularization={"r_drop": 1.0})
    assert fingerprint_recipe(with_one) != EARLIER
    assert fingerprint_recipe(change(recipe, regularization={"r_drop": 2.0})) != EARLIER

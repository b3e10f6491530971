"""Test which expected scores a recipe may have, and that they change nothing else."""

from __future__ import annotations

import re
from typing import Any

import pytest

from t5tune.errors import T5TuneError
from t5tune.recipe.catalog import list_recipes
from t5tune.recipe.loading import build_recipe, load_recipe
from t5tune.training.checkpoints.resuming import find_unsafe_changes, fingerprint_recipe
from tests.conftest import TINY

BAND = {"name": "BLEU", "low": 20.0, "high": 30, "num_seeds": 3}


def recipe_with(*scores: dict[str, Any]) -> dict[str, Any]:
    return {**TINY, "expected": {"scores": list(scores)}}


@pytest.mark.parametrize(
    ("scores", "problem"),
    [
        ([], "expected.scores: the list is empty"),
        ([BAND, BAND], "a score is listed twice"),
        ([{**BAND, "name": "BLUE"}], "no score is called BLUE; did you mean BLEU?"),
        ([{**BAND, "low": 31}], "`low` 31 is above `high` 30"),
        ([{**BAND, "num_seeds": 2}], "expected.scores[0].num_seeds: has to be greater than or"),
        ([{**BAND, "lo": 2}], "expected.scores[0].lo: unknown key; did you mean low?"),
        ([{"name": "BLEU", "low": 2, "high": 3}], "expected.scores[0].num_seeds: this key is"),
    ],
)
def test_what_no_measurement_can_have_given_is_refused(
    scores: list[dict[str, Any]], problem: str
) -> None:
    with pytest.raises(T5TuneError, match=re.escape(problem)):
        build_recipe(recipe_with(*scores))


def test_expected_scores_change_nothing_that_a_run_does() -> None:
    plain = build_recipe(TINY)
    expecting = build_recipe(recipe_with(BAND, {**BAND, "name": "chrF2++"}))
    assert expecting.expected is not None
    assert fingerprint_recipe(plain) == fingerprint_recipe(expecting)
    assert find_unsafe_changes(plain, expecting) == []
    assert build_recipe(recipe_with(BAND), ["evaluation.metrics=[chrf]"]).expected is not None


def test_a_recipe_that_ships_expects_what_was_measured() -> None:
    expecting = [one.name for one in list_recipes() if load_recipe(one.path).expected is not None]
    assert expecting == ["phrasebook-en-de"]

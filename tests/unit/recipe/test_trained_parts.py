"""Test what a recipe may say of adapters and frozen parts, and the values chosen for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from t5tune.errors import T5TuneError
from t5tune.recipe.choices import ModelFacts
from t5tune.recipe.loading import load_recipe
from t5tune.recipe.resolve import resolve_for_model
from t5tune.training.checkpoints.resuming import fingerprint_recipe
from tests.conftest import write_tiny_recipe
from tests.tiny_sections import build_tiny_recipe


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("model.adapter={type: ia3, r: 8}", "`r`, `alpha` and `dropout` require `type: lora`"),
        ("model.adapter={type: prefix}", "expected lora, dora or ia3, found 'prefix'"),
        ("model.freeze=[encoder.layers]", "expected encoder, decoder, embeddings, encoder.layers."),
        ("model.freeze=[embeddings, decoder, encoder]", "`freeze` leaves nothing to train"),
    ],
)
def test_what_cannot_be_trained_so_is_refused(override: str, expected: str, tmp_path: Path) -> None:
    recipe = write_tiny_recipe(tmp_path)
    changes = ["model.from_scratch=null", "model.name=a/b", override]
    with pytest.raises(T5TuneError) as refused:
        load_recipe(recipe, changes)
    assert expected in refused.value.message


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (["model.adapter={}"], "`adapter` and `from_scratch` exclude each other"),
        (["model.from_scratch=null", "model.name=a/b", "model.adapter={}",
          "model.freeze=[encoder]"],
         "`adapter` and `freeze` exclude each other"),
        (["model.freeze=[encoder]", "training.sharding=fsdp"],
         "`model.freeze` and `training.sharding` exclude each other"),
        (["model.from_scratch=null", "model.name=a/b", "model.adapter={}",
          "training.sharding=deepspeed"],
         "`model.adapter` and `training.sharding` exclude each other"),
    ],
)  # fmt: skip
def test_what_excludes_each_other(changes: list[str], expected: str, tmp_path: Path) -> None:
    with pytest.raises(T5TuneError) as refused:
        load_recipe(write_tiny_recipe(tmp_path), changes)
    assert expected in refused.value.message


@pytest.mark.parametrize(
    ("adapter", "rate", "expected"),
    [
        ({}, 3e-5, (3e-4, 32.0)),
        ({"type": "dora", "r": 4}, 3e-4, (1e-3, 8.0)),
        ({"type": "ia3"}, 3e-4, (3e-3, None)),
    ],
)
def test_values_for_an_adapter(
    adapter: dict[str, Any], rate: float, expected: tuple[float, float | None]
) -> None:
    plain = build_tiny_recipe()
    model = plain.model.model_validate({"name": "a/b", "adapter": adapter})
    recipe = plain.model_copy(update={"model": model})
    facts = ModelFacts("t5", rate, "", 8, gains_by_bf16=False, adapter_targets=["q", "v"])
    resolved, _ = resolve_for_model(recipe, facts)
    assert resolved.model.adapter is not None
    found = resolved.training.learning_rate, resolved.model.adapter.alpha
    assert found == pytest.approx(expected)
    assert resolved.model.adapter.targets == ["q", "v"]
    assert fingerprint_recipe(recipe) != fingerprint_recipe(plain)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (["model.new_tokens=[a, a]"], "a token is listed twice in `new_tokens`"),
        (["model.new_tokens=[a]", "model.freeze=[embeddings]"],
         "`new_tokens` and `freeze: [embeddings]` exclude each other"),
        (["model.new_language={code: xy_XY, like: de_DE}"],
         "`model.new_language.code` xy_XY is neither `source_lang` nor `target_lang`"),
        (["model.new_language={code: xy_XY, like: xy_XY}"], "`code` is a new language and `like`"),
        (["model.name=null", "model.from_scratch={}", "model.new_tokens=[a]"],
         "`new_tokens` and `from_scratch` exclude each other"),
    ],
)  # fmt: skip
def test_what_cannot_be_added(changes: list[str], expected: str, tmp_path: Path) -> None:
    given = ["model.from_scratch=null", "model.name=a/b", *changes]
    with pytest.raises(T5TuneError) as refused:
        load_recipe(write_tiny_recipe(tmp_path), given)
    assert expected in refused.value.message

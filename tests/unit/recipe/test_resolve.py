"""Test what is chosen for a recipe, and the reasons."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from t5tune.recipe.choices import Choice, ModelFacts, describe_choices, list_of_family
from t5tune.recipe.loading import differing_keys, dump_recipe, load_recipe
from t5tune.recipe.resolve import choose_metrics, resolve_for_model, resolve_for_steps
from t5tune.recipe.resolved_recipe import ResolvedRecipe
from t5tune.recipe.schema import Recipe
from t5tune.recipe.training_choices import choose_batch_size

SCRATCH = ["model.name=null", "model.from_scratch={d_model: 8, num_heads: 2, num_layers: 1}"]
PREFIX = "translate English to German: "


@pytest.fixture
def written(tmp_path: Path) -> Any:
    """Return the recipe of a minimal file, with overrides."""
    file = tmp_path / "r.yaml"
    file.write_text(
        "{name: demo, task: translation, source_lang: en, target_lang: de, "
        "model: {name: google-t5/t5-small}, "
        "data: {train: {file: a.tsv}, validation: {file: b.tsv}}}\n"
    )
    return lambda *overrides: load_recipe(file, overrides)


def facts(**changes: Any) -> ModelFacts:
    usual = {"model_type": "t5", "learning_rate": 3e-4, "prefix": PREFIX}
    return ModelFacts(**{**usual, "length_limit": 31, "gains_by_bf16": False, **changes})


def resolve(
    recipe: Recipe, num_steps: int = 1000, steps_per_epoch: int = 300, **changes: Any
) -> tuple[ResolvedRecipe, dict[str, Choice]]:
    fitted, for_model = resolve_for_model(recipe, facts(**changes))
    resolved, for_steps = resolve_for_steps(
        fitted, num_steps=num_steps, steps_per_epoch=steps_per_epoch
    )
    return resolved, {choice.key: choice for choice in (*for_model, *for_steps)}


def test_every_choice_stands_in_the_resolved_recipe_and_nothing_else_does(written: Any) -> None:
    recipe = written()
    resolved, choices = resolve(recipe)
    assert differing_keys(recipe, resolved) == sorted(
        choices, key=differing_keys(recipe, resolved).index
    )
    values = resolved.model_dump()
    for choice in choices.values():
        value = values
        for part in choice.key.split("."):
            value = value[part]
        assert value == choice.value, choice.key
        assert choice.reason
    assert str(choices["training.learning_rate"]) == (
        "training.learning_rate = 0.0003: usual for fine-tuning t5"
    )


def test_a_pretrained_model(written: Any) -> None:
    resolved, _ = resolve(written())
    training = resolved.training
    assert (training.optim, training.learning_rate) == ("adamw_torch", 3e-4)
    assert (training.label_smoothing_factor, training.bf16) == (0.0, False)
    assert (training.tokens_per_batch, training.tokens_per_step) == (4096, None)
    assert (training.eval_steps, training.warmup_steps) == (300, 100)
    assert resolved.data.prefix == resolved.data.validation.prefix == PREFIX
    assert resolved.decoding.max_new_tokens == 31
    assert resolved.evaluation.metrics == ["bleu", "chrf"]
    assert resolved.evaluation.best_metric == "bleu"


def test_a_model_from_scratch(written: Any) -> None:
    resolved, choices = resolve(written(*SCRATCH))
    training = resolved.training
    assert (training.optim, training.learning_rate) == ("adafactor", 2e-2)
    assert training.label_smoothing_factor == 0.1
    assert resolved.data.train.prefix == ""
    assert not any(choice.is_compromise for choice in choices.values())
    plain, _ = resolve(written(*SCRATCH, "training.optim=adamw_torch"))
    assert plain.training.learning_rate == 1e-3
    tuned, _ = resolve(written("training.optim=adafactor"))
    assert tuned.training.learning_rate == 1e-3


def test_what_deepspeed_does_not_allow_is_a_compromise(written: Any) -> None:
    resolved, choices = resolve(written(*SCRATCH, "training.sharding=deepspeed"))
    assert resolved.training.optim == "adamw_torch"
    assert choices["training.optim"].is_compromise
    assert "not with deepspeed" in choices["training.optim"].reason


def test_what_the_recipe_says_is_not_listed_as_a_choice(written: Any) -> None:
    said = [
        "data.prefix=x", "data.train.prefix=''", "training.optim=adafactor",
        "training.learning_rate=0.5", "training.label_smoothing_factor=0.2", "training.bf16=true",
        "training.tokens_per_batch=64", "training.warmup_steps=3", "training.eval_steps=7",
        "decoding.max_new_tokens=5", "evaluation.metrics=[ter, chrf]",
        "evaluation.best_metric=chrf",
    ]  # fmt: skip
    recipe = written(*said)
    resolved, choices = resolve(recipe)
    assert list(choices) == ["data.validation.prefix"]
    assert differing_keys(recipe, resolved) == ["data.validation.prefix"]
    assert resolved.data.train.prefix == "", "an entry's own prefix may be empty"
    assert resolved.data.validation.prefix == "x"


@pytest.mark.parametrize(
    ("began", "gains", "bf16", "reason"),
    [
        (None, True, True, "faster on this machine"),
        (None, False, False, "not faster here"),
        (True, False, True, "as this run began"),
        (False, True, False, "as this run began"),
        (True, True, True, "faster on this machine"),
    ],
)
def test_a_run_keeps_its_precision(
    written: Any, began: bool | None, gains: bool, bf16: bool, reason: str
) -> None:
    resolved, choices = resolve(written(), began_in_bf16=began, gains_by_bf16=gains)
    assert resolved.training.bf16 is bf16
    assert choices["training.bf16"].reason == reason


def test_what_nobody_measured_is_refused(written: Any) -> None:
    with pytest.raises(ValidationError, match="bf16"):
        resolve(written(), gains_by_bf16=None)
    with pytest.raises(ValidationError, match="max_new_tokens"):
        resolve(written(), length_limit=None)


@pytest.mark.parametrize(
    ("override", "num_steps", "eval_steps", "reason"),
    [
        ("training.seed=1", 1000, 300, "once an epoch"),
        ("training.seed=1", 9000, 450, "20 times in the run"),
        ("training.seed=1", 9001, 451, "20 times in the run"),
        ("training.seed=1", 12, 12, "once, when the run ends"),
        ("training.eval_steps=500", 12, 12, "once, when the run ends"),
        ("training.eval_steps=500", 1000, 500, None),
        ("training.eval_steps=12", 12, 12, None),
    ],
)
def test_steps_between_validations(
    written: Any, override: str, num_steps: int, eval_steps: int, reason: str | None
) -> None:
    resolved, choices = resolve(written(override), num_steps)
    assert resolved.training.eval_steps == eval_steps
    assert choices.get("training.eval_steps") == (
        None if reason is None else Choice("training.eval_steps", eval_steps, reason)
    )


@pytest.mark.parametrize(("num_steps", "warmup"), [(9, 0), (4000, 400), (4010, 400), (99, 9)])
def test_steps_of_the_warm_up(written: Any, num_steps: int, warmup: int) -> None:
    resolved, _ = resolve(written(), num_steps)
    assert resolved.training.warmup_steps == warmup


@pytest.mark.parametrize(
    ("overrides", "count", "unit"),
    [
        ([], 4096, "tokens"),
        (["training.tokens_per_batch=100"], 100, "tokens"),
        (["training.per_device_train_batch_size=8"], 8, "examples"),
        (["training.tokens_per_batch=auto"], 4096, "tokens"),
        (["training.tokens_per_batch=auto", "training.gradient_accumulation_steps=4"],
         4096, "tokens"),
        (["training.tokens_per_batch=auto", "training.tokens_per_step=1000",
          "training.gradient_accumulation_steps=4"], 250, "tokens"),
        (["training.tokens_per_batch=auto", "training.tokens_per_step=2",
          "training.gradient_accumulation_steps=4"], 1, "tokens"),
    ],
)  # fmt: skip
def test_a_batch_has_the_same_size_before_and_after(
    written: Any, overrides: list[str], count: int, unit: str
) -> None:
    recipe = written(*overrides)
    resolved, _ = resolve(recipe)
    for training in (recipe.training, resolved.training):
        size = choose_batch_size(training)
        assert (size.count, size.unit) == (count, unit)


def test_the_tokens_of_a_step_are_written_out_with_auto(written: Any) -> None:
    overrides = ["training.tokens_per_batch=auto", "training.gradient_accumulation_steps=4"]
    resolved, choices = resolve(written(*overrides))
    assert resolved.training.tokens_per_batch == "auto"
    assert resolved.training.tokens_per_step == choices["training.tokens_per_step"].value == 16384


def test_a_resolved_recipe_is_read_back_as_the_same_recipe(written: Any, tmp_path: Path) -> None:
    recipe = written()
    resolved, _ = resolve(recipe)
    file = tmp_path / "recipe.yaml"
    file.write_text(dump_recipe(resolved))
    assert differing_keys(load_recipe(file), resolved) == []
    keys = [line.strip().partition(":")[0] for line in dump_recipe(recipe).splitlines()]
    again = [line.strip().partition(":")[0] for line in dump_recipe(resolved).splitlines()]
    assert [key for key in again if not key.startswith("- ")] == keys, "in the same order"


def test_the_best_metric_comes_first_and_only_once(written: Any) -> None:
    assert choose_metrics(written("evaluation.best_metric=chrf")) == ("chrf", "bleu")


def test_what_depends_on_the_family_has_reasons_and_keys(written: Any) -> None:
    resolved, choices = resolve(written("training.optim=adafactor", "training.bf16=false"))
    assert [str(choice) for choice in list_of_family(resolved, choices.values())] == [
        f'data.prefix = "{PREFIX}": how the original T5 was told this task',
        "training.bf16 = false: as the recipe says",
        "training.optim = adafactor: as the recipe says",
        "training.learning_rate = 0.001: how T5 was fine-tuned with adafactor",
    ]


def test_choices_in_one_line(written: Any) -> None:
    _, choices = resolve(written("evaluation.best_metric=ter"))
    assert describe_choices(choices.values()) == (
        f'prefix "{PREFIX}", tokens_per_batch 4096, optim adamw_torch, learning_rate 0.0003, '
        'label_smoothing_factor 0.0, bf16 false, max_new_tokens 31, metrics ["ter", "bleu", '
        '"chrf"], warmup_steps 100, eval_steps 300'
    )

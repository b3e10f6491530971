"""Test that `training.extra` silently ignores no field of Seq2SeqTrainingArguments."""

from __future__ import annotations

import dataclasses
import inspect
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
import transformers
from transformers import Seq2SeqTrainingArguments
from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK
from transformers.optimization import TYPE_TO_SCHEDULER_FUNCTION

from t5tune.errors import T5TuneError
from t5tune.recipe.loading import load_recipe
from t5tune.recipe.schema import Recipe
from t5tune.recipe.sections.training_section import TrainingSection
from t5tune.recipe.training_extra import (
    FORWARDED,
    SCHEDULE_PARAMETERS,
    Tracker,
    find_extra_problems,
    harmless_fields,
    recipe_keys,
    refused_fields,
)
from t5tune.training.callbacks.trackers import PACKAGES
from tests.conftest import RunCommand

LISTS = (FORWARDED, recipe_keys(), refused_fields())


def test_every_field_is_in_one_list() -> None:
    fields = {field.name for field in dataclasses.fields(Seq2SeqTrainingArguments) if field.init}
    listed = [name for names in LISTS for name in names]
    assert sorted(listed) == sorted(fields), "a field is missing, listed twice, or no field"
    assert set(harmless_fields()) <= fields


def test_the_recipe_has_the_keys_that_are_named() -> None:
    known = TrainingSection.model_fields
    named = [text for text in recipe_keys().values() if text.startswith("training.")]
    assert len(named) > 20
    for text in named:
        assert text.split()[0].rstrip(":").removeprefix("training.") in known
    own = set(known) & {f.name for f in dataclasses.fields(Seq2SeqTrainingArguments)}
    assert own <= set(recipe_keys()), "a key of the recipe is taken below training.extra as well"


def test_schedules_and_trackers_are_those_of_transformers() -> None:
    schedules = get_args(TrainingSection.model_fields["lr_scheduler_type"].annotation)
    assert set(schedules) == set(SCHEDULE_PARAMETERS)
    own = {"optimizer", "num_warmup_steps", "num_training_steps", "last_epoch"}
    for name, parameters in SCHEDULE_PARAMETERS.items():
        function = TYPE_TO_SCHEDULER_FUNCTION[transformers.SchedulerType(name)]
        assert set(inspect.signature(function).parameters) - own == set(parameters), name
    assert set(get_args(Tracker)) == set(INTEGRATION_TO_CALLBACK) == set(PACKAGES)


@pytest.mark.parametrize("key", [*recipe_keys(), *refused_fields()])
def test_what_is_not_taken_is_refused_with_its_reason(key: str, tiny_recipe: Path) -> None:
    line = 1 + tiny_recipe.read_text().split("\n").index("training:")
    with tiny_recipe.open() as stream:
        text = stream.read().replace("training:\n", f"training:\n  extra:\n    {key}: true\n")
    tiny_recipe.write_text(text)
    with pytest.raises(T5TuneError) as caught:
        load_recipe(tiny_recipe, for_training=True)
    expected = recipe_keys().get(key) or refused_fields()[key]
    assert caught.value.message.startswith(f"{tiny_recipe}:{line + 2}: training.extra.{key}: ")
    assert caught.value.message.endswith(expected)
    assert "\n" not in caught.value.message
    # A run that was started when the field was accepted can still be read.
    assert load_recipe(tiny_recipe).training.extra == {key: True}


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["adam_beta1=0.8"], "adam_beta1: it needs training.optim: adamw_torch"),
        (["adam_beta1=1.0"], "adam_beta1: has to be less than 1, found 1.0"),
        (["adam_beta1=true"], "adam_beta1: has to be a valid number, found True"),
        (["adam_epsilon=0"], "adam_epsilon: has to be greater than 0, found 0"),
        (["adam_beta3=0.8"], "has no such field; did you mean adam_beta"),
        (["save_totl_limit=1"], "has no such field; did you mean training.save_total_limit?"),
        (["dataloader_num_workers=65"], "has to be less than or equal to 64, found 65"),
        (["lr_scheduler_kwargs={cycles: 1}"], "the schedule linear has no parameter cycles"),
        (["lr_scheduler_kwargs=3"], "lr_scheduler_kwargs: has to be a valid dictionary, found 3"),
        (["report_to=[wandb, nope]"], "report_to: expected all, none, or some of azure_ml"),
        (["run_name=mine"], "run_name: it needs training.extra.report_to"),
        (["trackio_space_id=a", "report_to=wandb"], "needs training.extra.report_to: trackio"),
        (["gradient_checkpointing_kwargs={a: 1}"], "needs training.gradient_checkpointing"),
        (["data_seed=-1"], "data_seed: has to be greater than or equal to 0, found -1"),
        (["tf32={}"], "tf32: has to be a valid boolean, found {}"),
    ],
)
def test_values_that_do_not_fit(overrides: list[str], expected: str, tiny_recipe: Path) -> None:
    with pytest.raises(T5TuneError) as caught:
        load_recipe(tiny_recipe, [f"training.extra.{o}" for o in overrides], for_training=True)
    assert expected in caught.value.message
    assert caught.value.message.startswith("command line: training.extra.")


def test_all_problems_come_together(tiny_recipe: Path) -> None:
    overrides = ["training.extra.fp16=true", "training.extra.optim=sgd", "training.sede=1"]
    with pytest.raises(T5TuneError) as caught:
        load_recipe(tiny_recipe, overrides, for_training=True)
    assert caught.value.message.startswith("3 problems:\n")


@pytest.mark.parametrize("command", ["validate", "train"])
def test_commands_object_before_torch_is_imported(command: str, tiny_recipe: Path) -> None:
    program = (
        "import sys; from t5tune.cli.app import main\n"
        f"sys.argv = ['t5tune', '{command}', '{tiny_recipe}', 'training.extra.fp16=true']\n"
        "try: main()\n"
        "finally: print(sorted({'torch', 'transformers', 'datasets'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 1
    assert "training.extra.fp16: not supported: T5 and its relatives overflow" in done.stderr
    assert done.stdout.strip() == "[]"


def test_a_tracker_that_is_not_installed_is_one_sentence(
    t5tune: RunCommand, tiny_recipe: Path
) -> None:
    for command in ("validate", "train"):
        result = t5tune(command, tiny_recipe, "training.extra.report_to=[tensorboard, swanlab]")
        assert result.code == 1
        assert "report_to: swanlab needs swanlab, which is not installed." in result.err
        assert "try: pip install swanlab" in result.err


def test_recipes_built_in_python_are_checked_where_training_begins(tiny_recipe: Path) -> None:
    from t5tune.training.arguments import check_extra

    recipe = load_recipe(tiny_recipe, ["training.extra.fp16=true"])
    assert isinstance(recipe, Recipe)
    with pytest.raises(T5TuneError, match=r"training\.extra\.fp16: not supported"):
        check_extra(recipe.training, from_scratch=True)


def test_who_wants_to_upload_is_told_how() -> None:
    ((key, problem),) = find_extra_problems({"push_to_hub": True})
    assert key == "push_to_hub"
    assert "`t5tune push RUN OWNER/NAME`" in problem

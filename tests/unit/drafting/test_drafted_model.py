"""Test how long a draft trains a new model."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from t5tune.drafting.draft import Draft
from t5tune.drafting.drafted_model import ModelPlan
from t5tune.drafting.scratch_shapes import choose_shape
from t5tune.drafting.task_shapes import TaskShape
from t5tune.drafting.token_lengths import SideLengths
from t5tune.recipe.sections.from_scratch_section import TokenizerSection

# 3,000 captions of Multi30k of which 600 are held out: `t5tune plan` counts 127 steps an epoch in
# batches of 1,000 tokens, and 67 in batches of 2,000.
SIDES = (SideLengths(21.8, 77, 96, 0.0, 2000), SideLengths(24.0, 80, 96, 0.0, 2000))
CAPTIONS = ModelPlan(
    None, "", choose_shape(3000), TokenizerSection(type="unigram", vocab_size=1000),
    TaskShape("translation", ""), SIDES, 3000, 600, has_gpu=False, minutes=None,
)  # fmt: skip


def read_epochs(plan: ModelPlan) -> tuple[int, int]:
    draft = Draft()
    plan.training_into(draft)
    (choice,) = (one for one in draft.choices if one.key == "training.num_train_epochs")
    steps = re.search(r"about ([\d,]+) steps", choice.reason)
    assert steps is not None
    return choice.value, int(steps[1].replace(",", ""))


def test_steps_are_those_of_the_pairs_that_training_sees() -> None:
    halves = replace(CAPTIONS, shape=replace(CAPTIONS.shape, tokens_per_batch=1000))
    epochs, steps = read_epochs(halves)
    assert steps / epochs == pytest.approx(127, rel=0.05)
    assert steps == pytest.approx(halves.shape.num_steps, rel=0.03)
    epochs, steps = read_epochs(CAPTIONS)
    assert steps / epochs == pytest.approx(67, rel=0.1)
    assert steps == pytest.approx(CAPTIONS.shape.num_steps, rel=0.03)
    all_pairs, _ = read_epochs(replace(CAPTIONS, num_held_out=0))
    assert all_pairs < epochs


def test_the_learning_rate_reaches_its_peak_however_few_the_pairs_are() -> None:
    draft = Draft()
    forty = replace(CAPTIONS, num_pairs=40, num_held_out=8)
    forty.training_into(draft)
    _, steps = read_epochs(forty)
    assert draft.values["training"]["warmup_steps"] == steps // 4
    CAPTIONS.training_into(draft)
    assert draft.values["training"]["warmup_steps"] == CAPTIONS.shape.warmup_steps

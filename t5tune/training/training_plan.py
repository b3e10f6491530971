"""The plan of a training: its batches, its steps, and the choices that depend on them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from t5tune.data.batching.epoch_tokens import EpochTokens, count_epoch_tokens
from t5tune.data.batching.plans import BatchPlan
from t5tune.recipe.choices import Choice
from t5tune.recipe.resolve import resolve_for_steps
from t5tune.recipe.resolved_recipe import ResolvedRecipe
from t5tune.training.preparation.start import Start
from t5tune.training.recipe_batches import build_batch_plan, choose_seed
from t5tune.training.recipe_mixture import plan_phases


@dataclass(frozen=True)
class TrainingPlan:
    """What a training will do, which it goes by and `t5tune plan` shows.

    Attributes:
        recipe: Recipe with nothing left to choose.
        choices: All choices, with their reasons.
        batches: Batches of each epoch.
        num_steps: Number of optimizer steps at most.
        steps_per_epoch: Number of those of an epoch; None without epochs, for a stream and for a
            mixture that changes.
        tokens: Tokens of the batches of an epoch; None for a stream.
    """

    recipe: ResolvedRecipe
    choices: Sequence[Choice]
    batches: BatchPlan
    num_steps: int
    steps_per_epoch: int | None
    tokens: EpochTokens | None

    @property
    def num_validations(self) -> int:
        """Number of validations, and of checkpoints, at most."""
        return math.ceil(self.num_steps / self.recipe.training.eval_steps)

    @property
    def num_kept(self) -> int:
        """Number of validated checkpoints that stay: an average of checkpoints needs them all."""
        training = self.recipe.training
        return max(training.save_total_limit, training.average_checkpoints or 0)

    @property
    def most_checkpoints(self) -> int:
        """Number of checkpoints that exist at one time at most."""
        # The newest, the best one, and the next one while it is written.
        return min(self.num_kept + 2, self.num_validations + 1)


def plan_training(start: Start) -> TrainingPlan:
    """Plan the batches and the steps of a training that is prepared."""
    fitted, data, dataset = start.recipe.training, start.recipe.data, start.dataset
    phases = plan_phases(data, dataset, choose_seed(fitted))
    plan = build_batch_plan(fitted, dataset, phases=phases)
    per_epoch = None
    if not data.is_streamed and len(phases) <= 1:
        per_epoch = math.ceil(len(plan) / fitted.gradient_accumulation_steps)
    num_steps = fitted.max_steps or math.ceil(fitted.num_train_epochs * (per_epoch or 1))
    recipe, choices = resolve_for_steps(
        start.recipe, num_steps=num_steps, steps_per_epoch=per_epoch
    )
    tokens = None
    if not data.is_streamed:
        tokens = count_epoch_tokens(plan, dataset.sources.lengths, dataset.targets.lengths)
    return TrainingPlan(recipe, [*start.choices, *choices], plan, num_steps, per_epoch, tokens)

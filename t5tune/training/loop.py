"""The training loop of a run, from its start to the weights that become the model."""

from __future__ import annotations

import math
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t5tune.console import say
from t5tune.distributed.processes import are_several, on_main_process, place
from t5tune.distributed.sharded_tensors import num_elements
from t5tune.files.writing import write_text
from t5tune.models.adapters import count_trained
from t5tune.recipe.choices import describe_choices
from t5tune.recipe.loading import dump_recipe
from t5tune.recipe.resolve import resolve_for_steps
from t5tune.recipe.resolved_recipe import ResolvedRecipe, ResolvedTraining
from t5tune.recipe.training_choices import choose_batch_size
from t5tune.run.directory import RunDirectory
from t5tune.run.manifest import read_fact
from t5tune.scoring.registry import METRICS, metrics_of_validation
from t5tune.training.callbacks.log import JsonLog, StopOnSignal
from t5tune.training.checkpoints.disk_space import check_disk_space, count_model_bytes
from t5tune.training.checkpoints.resuming import RECIPE
from t5tune.training.checkpoints.selection import ChosenWeights, choose_weights
from t5tune.training.checkpoints.store import ENDED, PENDING, step_of
from t5tune.training.preparation.start import Start
from t5tune.training.random_numbers import seed_process
from t5tune.training.recipe_batches import build_batch_plan, choose_seed
from t5tune.training.recipe_mixture import plan_phases
from t5tune.training.trainer import T5TuneTrainer
from t5tune.training.trainer_building import build_trainer, build_watchers
from t5tune.training.validation import Validation


@dataclass(frozen=True)
class TrainedWeights:
    """Result of the loop."""

    recipe: ResolvedRecipe  # as trained, with every default filled in
    weights: ChosenWeights  # those that become the model


def run_training_loop(start: Start, run: RunDirectory) -> TrainedWeights | signal.Signals:
    """Train to the end of the recipe, or until a signal, which is returned, asks to stop.

    Every process calls this, with the same start.

    Raises:
        T5TuneError: A setting is wrong, the loss has diverged, or memory or disk is full.
    """
    fitted = start.recipe.training
    data = start.recipe.data
    phases = plan_phases(data, start.dataset, choose_seed(fitted))
    plan = build_batch_plan(fitted, start.dataset, phases=phases)
    per_epoch = None
    if not data.is_streamed and len(phases) <= 1:
        per_epoch = math.ceil(len(plan) / fitted.gradient_accumulation_steps)
    num_steps = fitted.max_steps or math.ceil(fitted.num_train_epochs * (per_epoch or 1))
    recipe, choices = resolve_for_steps(
        start.recipe, num_steps=num_steps, steps_per_epoch=per_epoch
    )
    training, evaluation = recipe.training, recipe.evaluation
    on_main_process(lambda: write_text(run.recipe, dump_recipe(recipe)))
    watchers = build_watchers(training, METRICS[evaluation.best_metric], run)
    validate = Validation(
        start.model,
        start.validation.first(evaluation.max_validation_examples),
        metrics_of_validation(evaluation.metrics, evaluation.best_metric),
        recipe.scoring_options,
        watchers.stop.check,
    )
    trainer = build_trainer(recipe, run, start, validate, plan, num_steps, watchers)
    num_validations = math.ceil(num_steps / training.eval_steps)
    on_main_process(lambda: _check_disk(trainer, run, num_validations))
    say(f"chosen: {describe_choices([*start.choices, *choices])}")
    if regularizers := training.regularization.describe():
        say(f"regularizers: {'; '.join(regularizers)}")
    if recipe.model.adapter is not None:
        say(f"adapter: {recipe.model.adapter.describe()}")
    _announce(training, trainer, recipe.model.name, per_epoch, start.checkpoint)
    try:
        _train(trainer, start.checkpoint, start.facts, watchers.stop, watchers.log)
    finally:
        watchers.display.close()
    if watchers.stop.received is not None:
        return watchers.stop.received
    weights = choose_weights(trainer, run, training, evaluation.best_metric, watchers.log)
    return TrainedWeights(recipe, weights)


def _train(
    trainer: T5TuneTrainer,
    checkpoint: Path | None,
    facts: Mapping[str, Any],
    stop: StopOnSignal,
    log: JsonLog,
) -> None:
    """Train to the end or to a signal, from a checkpoint if there is one."""
    if checkpoint is not None and read_fact(checkpoint, PENDING):
        log.start_from(step_of(checkpoint))
        with stop.installed():
            trainer.finish_validation(checkpoint)
            stop.agree()
        if stop.received is not None:
            return
    if checkpoint is not None and _had_ended(checkpoint, facts):
        log.start_from(step_of(checkpoint))
        trainer.load_state(checkpoint)
        return
    if checkpoint is None and place().rank > 0:
        seed_process(trainer.args.seed, place().rank, 0)
    writer = trainer.saver.writer
    try:
        with stop.installed():
            trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
            stop.agree()  # and handle signals until all processes have arrived
    except Exception:
        writer.finish()
        raise
    writer.finish()
    share = writer.waited_seconds / max(log.elapsed_seconds, 1e-9)
    say(
        f"checkpoints: {writer.num_written} written; training waited "
        f"{writer.waited_seconds:.1f} s for them, {100 * share:.1f} % of its time"
    )


def _check_disk(trainer: T5TuneTrainer, run: RunDirectory, num_validations: int) -> None:
    """Check that the checkpoints which exist at one time fit onto the disk."""
    # The newest, the best one, and the next one while it is written.
    most = min(trainer.saver.num_kept + 2, num_validations + 1)
    there = [p for p in run.checkpoints.rglob("*") if p.is_file()]
    needed = most * trainer.saver.writer.expected_bytes - sum(p.stat().st_size for p in there)
    check_disk_space(
        {run.checkpoints: max(0, needed), run.path: count_model_bytes(trainer.unwrapped)}
    )


def _had_ended(checkpoint: Path, facts: Mapping[str, Any]) -> bool:
    """Return whether training ended with a checkpoint and the recipe asks for no more."""
    return bool(read_fact(checkpoint, ENDED)) and read_fact(checkpoint, RECIPE) == facts[RECIPE]


def _announce(
    training: ResolvedTraining,
    trainer: T5TuneTrainer,
    base: str | None,
    steps_per_epoch: int | None,
    checkpoint: Path | None,
) -> None:
    model, size = trainer.model, choose_batch_size(training)
    parameters = sum(num_elements(p) for p in model.parameters())
    num_trained = count_trained(model)
    share = f", {num_trained:,} of them trained" if num_trained is not None else ""
    batch = f"{training.gradient_accumulation_steps} x {size.count:,} {size.unit}"
    device = "cpu" if trainer.args.device.type == "cpu" else trainer.args.device
    precision = "bf16" if trainer.args.bf16 else "fp32"
    say(
        f"model: {base or 'from scratch'}, {model.config.model_type}, "
        f"{parameters:,} parameters{share}, {precision} on {device}"
    )
    epoch = "" if steps_per_epoch is None else f" ({steps_per_epoch:,} an epoch)"
    say(
        f"training: {trainer.args.max_steps:,} steps{epoch} of "
        f"{batch}, {training.optim} at {training.learning_rate:g}, validation every "
        f"{training.eval_steps:,} steps"
    )
    if are_several():
        say(f"processes: {place().num_processes}, which share the batches of each step")
    if checkpoint is not None:
        say(f"resuming from {checkpoint}")

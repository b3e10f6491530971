"""The training loop of a run, from its start to the weights that become the model."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t5tune.console import say
from t5tune.distributed.processes import are_several, on_main_process, place
from t5tune.files.writing import write_text
from t5tune.recipe.choices import describe_choices
from t5tune.recipe.loading import dump_recipe
from t5tune.recipe.resolved_recipe import ResolvedRecipe
from t5tune.run.directory import RunDirectory
from t5tune.run.manifest import read_fact
from t5tune.scoring.registry import METRICS, metrics_of_validation
from t5tune.training.callbacks.log import JsonLog, StopOnSignal
from t5tune.training.checkpoints.disk_space import check_disk_space
from t5tune.training.checkpoints.resuming import RECIPE
from t5tune.training.checkpoints.selection import ChosenWeights, choose_weights
from t5tune.training.checkpoints.store import ENDED, PENDING, step_of
from t5tune.training.plan_lines import describe_plan
from t5tune.training.preparation.start import Start
from t5tune.training.random_numbers import seed_process
from t5tune.training.run_sizes import count_run_sizes
from t5tune.training.trainer import T5TuneTrainer
from t5tune.training.trainer_building import build_trainer, build_watchers
from t5tune.training.training_plan import plan_training
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
    plan = plan_training(start)
    recipe = plan.recipe
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
    model = start.model.translator.model  # whole until the trainer's strategy shards it
    sizes = count_run_sizes(plan, model)
    lines = describe_plan(plan, model, sizes, run)
    on_main_process(lambda: check_disk_space(sizes.list_needs(run)))
    trainer = build_trainer(plan, run, start, validate, watchers)
    say(f"chosen: {describe_choices(plan.choices)}")
    if regularizers := training.regularization.describe():
        say(f"regularizers: {'; '.join(regularizers)}")
    if recipe.model.adapter is not None:
        say(f"adapter: {recipe.model.adapter.describe()}")
    say("\n".join(lines))
    if are_several():
        say(f"processes: {place().num_processes}, which share the batches of each step")
    if start.checkpoint is not None:
        say(f"resuming from {start.checkpoint}")
    try:
        _train(trainer, start.checkpoint, start.facts, watchers.stop, watchers.log)
    finally:
        watchers.close()
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


def _had_ended(checkpoint: Path, facts: Mapping[str, Any]) -> bool:
    """Return whether training ended with a checkpoint and the recipe asks for no more."""
    return bool(read_fact(checkpoint, ENDED)) and read_fact(checkpoint, RECIPE) == facts[RECIPE]

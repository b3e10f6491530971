"""The training loop of a run: Hugging Face's Trainer, set up from a resolved recipe."""

from __future__ import annotations

import math
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import EarlyStoppingCallback, PreTrainedModel, TrainerCallback, TrainerState
from transformers.integrations import TensorBoardCallback

from t5tune.console import say
from t5tune.data.batching.plans import BatchPlan
from t5tune.data.batching.steps import OptimizerSteps
from t5tune.distributed.processes import (
    are_several,
    broadcast_result,
    is_main_process,
    on_main_process,
    place,
)
from t5tune.distributed.sharded_tensors import num_elements
from t5tune.distributed.sharding_refusals import drops_layers
from t5tune.files.writing import write_text
from t5tune.models.compiled import compile_stacks
from t5tune.recipe.loading import dump_recipe
from t5tune.recipe.resolve import choose_batch_size, describe_choices, resolve_for_steps
from t5tune.recipe.resolved_recipe import ResolvedRecipe, ResolvedTraining
from t5tune.run.directory import RunDirectory
from t5tune.run.manifest import read_fact
from t5tune.scoring.registry import METRICS, metrics_of_validation
from t5tune.training.arguments import build_training_arguments
from t5tune.training.callbacks.clock import TrainingClock
from t5tune.training.callbacks.display import TrainingDisplay
from t5tune.training.callbacks.log import EndOfTraining, JsonLog, StopOnSignal
from t5tune.training.callbacks.throughput import Throughput
from t5tune.training.callbacks.trackers import build_trackers
from t5tune.training.checkpoints.disk_space import (
    check_disk_space,
    count_checkpoint_bytes,
    count_model_bytes,
)
from t5tune.training.checkpoints.resuming import RECIPE
from t5tune.training.checkpoints.selection import ChosenWeights, choose_weights
from t5tune.training.checkpoints.store import ENDED, PENDING, step_of
from t5tune.training.checkpoints.writer import CheckpointWriter
from t5tune.training.optim.averaging import WeightAverage
from t5tune.training.preparation.start import Start
from t5tune.training.random_numbers import seed_process
from t5tune.training.recipe_batches import build_batch_plan, build_collator, build_longest_batch
from t5tune.training.step.batch_limit import BatchLimit
from t5tune.training.strategies.sharding_choice import build_strategy
from t5tune.training.trainer import T5TuneTrainer, Validate
from t5tune.training.validation import Validation


@dataclass(frozen=True)
class TrainedWeights:
    """Result of the loop.

    Attributes:
        recipe: Recipe that was trained, with every default filled in.
        weights: Weights that become the model.
    """

    recipe: ResolvedRecipe
    weights: ChosenWeights


def run_training_loop(start: Start, run: RunDirectory) -> TrainedWeights | signal.Signals:
    """Train to the end of the recipe, or until a signal, which is returned, asks to stop.

    Every process calls this, with the same start.

    Args:
        start: Recipe, data, model and checkpoint.
        run: Run that checkpoints and logs belong to.

    Raises:
        T5TuneError: A setting is wrong, the loss has diverged, or memory or disk is full.
    """
    checkpoint, facts = start.checkpoint, start.facts
    fitted = start.recipe.training
    plan = build_batch_plan(fitted, start.dataset)
    per_epoch = math.ceil(len(plan) / fitted.gradient_accumulation_steps)
    num_steps = fitted.max_steps or math.ceil(fitted.num_train_epochs * per_epoch)
    recipe, choices = resolve_for_steps(
        start.recipe, num_steps=num_steps, steps_per_epoch=per_epoch
    )
    training = recipe.training
    on_main_process(lambda: write_text(run.recipe, dump_recipe(recipe)))
    watchers = _build_watchers(recipe, run)

    evaluation = recipe.evaluation
    validate = Validation(
        start.model,
        start.validation.first(evaluation.max_validation_examples),
        metrics_of_validation(evaluation.metrics, evaluation.best_metric),
        recipe.scoring_options,
        watchers.stop.check,
    )
    trainer = _build_trainer(recipe, run, start, validate, plan, num_steps, watchers)
    num_validations = math.ceil(num_steps / training.eval_steps)
    on_main_process(lambda: _check_disk(trainer, run, num_validations))
    say(f"chosen: {describe_choices([*start.choices, *choices])}")
    _announce(training, trainer, recipe.model.name, per_epoch, checkpoint)
    try:
        _train(trainer, checkpoint, facts, watchers.stop, watchers.log)
    finally:
        watchers.display.close()
    if watchers.stop.received is not None:
        return watchers.stop.received
    weights = choose_weights(trainer, run, training, evaluation.best_metric, watchers.log)
    return TrainedWeights(recipe, weights)


@dataclass(frozen=True)
class Watchers:
    """Callbacks that go along with the training loop.

    Attributes:
        throughput: Counter of tokens.
        display: Progress on stderr.
        log: Writer of log.jsonl.
        stop: Handler of signals.
        end: End of training by steps or time.
    """

    throughput: Throughput
    display: TrainingDisplay
    log: JsonLog
    stop: StopOnSignal
    end: EndOfTraining

    @property
    def callbacks(self) -> list[TrainerCallback]:
        """Return all in order: the display reads the speed of a window that the log then closes."""
        shown = [self.display] if is_main_process() else []
        return [self.throughput, *shown, self.log, self.stop, self.end]


def _build_watchers(recipe: ResolvedRecipe, run: RunDirectory) -> Watchers:
    throughput, training = Throughput(), recipe.training
    best_metric = METRICS[recipe.evaluation.best_metric]
    log = JsonLog(run.log if is_main_process() else None, throughput)
    max_seconds = 60 * training.max_minutes if training.max_minutes else None
    display = TrainingDisplay(
        log,
        throughput,
        best_metric.main_score,
        lower_is_better=best_metric.lower_is_better,
        max_seconds=max_seconds,
    )
    clock = None
    if max_seconds is not None:
        path = run.clock if is_main_process() else None
        clock = TrainingClock(lambda: log.elapsed_seconds, max_seconds, path)
    return Watchers(throughput, display, log, StopOnSignal(), EndOfTraining(clock))


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
    try:
        with stop.installed():
            trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
            stop.agree()  # and handle signals until all processes have arrived
    except Exception:
        trainer.checkpoints.finish()
        raise
    trainer.checkpoints.finish()
    _say_waiting(trainer.checkpoints, log)


def _check_disk(trainer: T5TuneTrainer, run: RunDirectory, num_validations: int) -> None:
    """Check that the checkpoints which exist at one time fit onto the disk."""
    # The newest, the best one, and the next one while it is written.
    most = min(trainer.checkpoints_kept + 2, num_validations + 1)
    there = [p for p in run.checkpoints.rglob("*") if p.is_file()]
    needed = most * trainer.checkpoints.expected_bytes - sum(p.stat().st_size for p in there)
    check_disk_space(
        {run.checkpoints: max(0, needed), run.path: count_model_bytes(trainer.unwrapped)}
    )


def _had_ended(checkpoint: Path, facts: Mapping[str, Any]) -> bool:
    """Return whether training ended with a checkpoint and the recipe asks for no more."""
    return bool(read_fact(checkpoint, ENDED)) and read_fact(checkpoint, RECIPE) == facts[RECIPE]


def _say_waiting(checkpoints: CheckpointWriter, log: JsonLog) -> None:
    share = checkpoints.waited_seconds / max(log.elapsed_seconds, 1e-9)
    say(
        f"checkpoints: {checkpoints.num_written} written; training waited "
        f"{checkpoints.waited_seconds:.1f} s for them, {100 * share:.1f} % of its time"
    )


def _build_trainer(
    recipe: ResolvedRecipe,
    run: RunDirectory,
    start: Start,
    validate: Validate,
    plan: BatchPlan,
    num_steps: int,
    watchers: Watchers,
) -> T5TuneTrainer:
    training, model = recipe.training, start.model.translator.model
    from_scratch = recipe.model.is_from_scratch
    arguments = build_training_arguments(
        training,
        run,
        num_steps,
        best_metric=recipe.evaluation.best_metric,
        from_scratch=from_scratch,
    )
    if drops_layers(model):
        arguments.ddp_find_unused_parameters = True
    if training.torch_compile:
        compile_stacks(model)
    with_average = training.ema_decay is not None
    size = count_checkpoint_bytes(model, training.optim, with_average=with_average)
    strategy = build_strategy(model, training, arguments.device, from_scratch=from_scratch)
    collate = build_collator(plan, start.model)
    longest = None
    if training.tokens_per_batch == "auto":
        longest = build_longest_batch(plan, start.dataset, collate)
    return T5TuneTrainer(
        model=model,
        tokenizer=start.model.tokenizer,
        args=arguments,
        dataset=start.dataset,
        collate=collate,
        steps=OptimizerSteps(
            plan,
            training.gradient_accumulation_steps,
            arguments.process_index,
            arguments.world_size,
        ),
        strategy=strategy,
        validate=validate,
        label_smoothing=training.label_smoothing_factor,
        checkpoints=CheckpointWriter(run.checkpoints, start.facts, expected_bytes=size),
        # An average of checkpoints needs them all.
        checkpoints_kept=max(training.save_total_limit, training.average_checkpoints or 0),
        average=_build_average(training, model, start.checkpoint),
        end=watchers.end,
        throughput=watchers.throughput,
        limit=_build_batch_limit(plan, watchers.log, start.checkpoint),
        longest=longest,
        callbacks=[*watchers.callbacks, *_build_reporters(training, run, start.checkpoint)],
    )


def _build_average(
    training: ResolvedTraining, model: PreTrainedModel, checkpoint: Path | None
) -> WeightAverage | None:
    if training.ema_decay is None:
        return None
    average = WeightAverage(model, training.ema_decay)
    if checkpoint is not None:
        average.load(checkpoint)
    return average


def _build_batch_limit(plan: BatchPlan, log: JsonLog, checkpoint: Path | None) -> BatchLimit:
    """Build the limit that an earlier part of the run has found, and log every change."""

    def note(state: TrainerState, limit: int) -> None:
        wanted = getattr(plan, "tokens_per_batch", limit + 1)
        pieces = "" if limit >= wanted else "; larger ones are computed in pieces"
        say(f"memory: batches of {limit:,} tokens fit{pieces}")
        log.write_batch_limit(state, limit)

    if checkpoint is None:
        return BatchLimit(note)
    return BatchLimit(note, broadcast_result(log.batch_limits), step_of(checkpoint))


def _build_reporters(
    training: ResolvedTraining, run: RunDirectory, checkpoint: Path | None
) -> list[TrainerCallback]:
    """Build the callbacks of trackers and TensorBoard, and early stopping."""
    reporters: list[TrainerCallback] = []
    if is_main_process():
        from torch.utils.tensorboard import SummaryWriter

        # What was logged after the checkpoint is logged again.
        begun = step_of(checkpoint) if checkpoint is not None else -1
        writer = SummaryWriter(str(run.tensorboard), purge_step=begun + 1)
        reporters = [*build_trackers(training.extra), TensorBoardCallback(writer)]
    if training.early_stopping_patience is not None:
        reporters.append(EarlyStoppingCallback(training.early_stopping_patience))
    return reporters


def _announce(
    training: ResolvedTraining,
    trainer: T5TuneTrainer,
    base: str | None,
    steps_per_epoch: int,
    checkpoint: Path | None,
) -> None:
    model = trainer.model
    parameters = sum(num_elements(p) for p in model.parameters())
    size = choose_batch_size(training)
    batch = f"{training.gradient_accumulation_steps} x {size.count:,} {size.unit}"
    device = "cpu" if trainer.args.device.type == "cpu" else trainer.args.device
    precision = "bf16" if trainer.args.bf16 else "fp32"
    say(
        f"model: {base or 'from scratch'}, {model.config.model_type}, "
        f"{parameters:,} parameters, {precision} on {device}"
    )
    say(
        f"training: {trainer.args.max_steps:,} steps ({steps_per_epoch:,} an epoch) of "
        f"{batch}, {training.optim} at {training.learning_rate:g}, validation every "
        f"{training.eval_steps:,} steps"
    )
    if are_several():
        say(f"processes: {place().num_processes}, which share the batches of each step")
    if checkpoint is not None:
        say(f"resuming from {checkpoint}")

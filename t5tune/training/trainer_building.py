"""The trainer of a run and all that it holds, built from a resolved recipe."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import (
    EarlyStoppingCallback,
    PreTrainedModel,
    TrainerCallback,
    TrainerState,
    TrainingArguments,
)
from transformers.integrations import TensorBoardCallback

from t5tune.console import say
from t5tune.data.batching.formed_batches import TokenBudgetBatches
from t5tune.data.batching.packing import PackedBatches
from t5tune.data.batching.plans import BatchPlan
from t5tune.data.batching.steps import Collate, OptimizerSteps, StepLoader
from t5tune.data.batching.streamed_steps import GivenExamples, StreamedSteps
from t5tune.distributed.processes import broadcast_result, is_main_process
from t5tune.distributed.sharding_refusals import drops_layers, has_experts
from t5tune.models.compiled import compile_stacks
from t5tune.recipe.resolved_recipe import ResolvedTraining
from t5tune.recipe.sections.section import MOST
from t5tune.run.directory import RunDirectory
from t5tune.scoring.registry import MetricSpec
from t5tune.training.arguments import build_training_arguments
from t5tune.training.callbacks.clock import TrainingClock
from t5tune.training.callbacks.display import TrainingDisplay
from t5tune.training.callbacks.log import EndOfTraining, JsonLog, StopOnSignal
from t5tune.training.callbacks.throughput import Throughput
from t5tune.training.callbacks.trackers import build_trackers
from t5tune.training.checkpoints.disk_space import count_checkpoint_bytes
from t5tune.training.checkpoints.saving import CheckpointSaver
from t5tune.training.checkpoints.store import step_of
from t5tune.training.checkpoints.writer import CheckpointWriter
from t5tune.training.optim.averaging import WeightAverage
from t5tune.training.preparation.start import Start
from t5tune.training.recipe_batches import build_collator, build_longest_batch
from t5tune.training.regularizers.in_force import Regularization
from t5tune.training.regularizers.recipe_regularizers import build_regularization
from t5tune.training.regularizers.regularizer import RunParts
from t5tune.training.step.batch_limit import BatchLimit
from t5tune.training.strategies.sharding_choice import build_strategy
from t5tune.training.strategies.strategy import Strategy
from t5tune.training.streamed_loading import build_streamed_steps
from t5tune.training.trainer import T5TuneTrainer, Validate
from t5tune.training.training_plan import TrainingPlan


@dataclass(frozen=True)
class Watchers:
    """Callbacks that go along with the training loop."""

    throughput: Throughput
    log: JsonLog
    stop: StopOnSignal
    end: EndOfTraining
    display: TrainingDisplay | None = None

    @property
    def callbacks(self) -> list[TrainerCallback]:
        """Return all in order: the display reads the speed of a window that the log then closes."""
        shown = [] if self.display is None else [self.display]
        return [self.throughput, *shown, self.log, self.stop, self.end]

    def close(self) -> None:
        """End the display."""
        if self.display is not None:
            self.display.close()


def build_watchers(
    training: ResolvedTraining, best_metric: MetricSpec, run: RunDirectory
) -> Watchers:
    """Build the callbacks of a run; the main process writes its files."""
    throughput = Throughput()
    log = JsonLog(
        run.log if is_main_process() else None, throughput, [*training.regularization.in_force]
    )
    max_seconds = 60 * training.max_minutes if training.max_minutes else None
    display = TrainingDisplay(log, throughput, best_metric, max_seconds)
    clock = None
    if max_seconds is not None:
        path = run.clock if is_main_process() else None
        clock = TrainingClock(lambda: log.elapsed_seconds, max_seconds, path)
    shown = display if is_main_process() else None
    return Watchers(throughput, log, StopOnSignal(), EndOfTraining(clock), shown)


def build_silent_watchers(end: EndOfTraining) -> Watchers:
    """Build callbacks that show and write nothing."""
    throughput = Throughput()
    return Watchers(throughput, JsonLog(None, throughput), StopOnSignal(), end)


def build_trainer(
    plan: TrainingPlan,
    run: RunDirectory,
    start: Start,
    validate: Validate,
    watchers: Watchers,
    *,
    is_trial: bool = False,
) -> T5TuneTrainer:
    """Build the trainer of a run, and all that it holds.

    Args:
        plan: Plan of the run.
        run: Its directory.
        start: What was prepared for it.
        validate: See `T5TuneTrainer`.
        watchers: Callbacks that go along.
        is_trial: Whether no tracker is told of the training.

    Raises:
        T5TuneError: A setting is wrong, or the weights cannot be sharded.
    """
    recipe, batches = plan.recipe, plan.batches
    training, model = recipe.training, start.model.translator.model
    from_scratch = recipe.model.is_from_scratch
    best_metric = recipe.evaluation.best_metric
    arguments = build_training_arguments(
        training, run, plan.num_steps, best_metric=best_metric, from_scratch=from_scratch
    )
    if drops_layers(model) or has_experts(model):
        arguments.ddp_find_unused_parameters = True
    if training.torch_compile:
        compile_stacks(model, by_block=training.torch_compile == "blocks")
    with_average = training.ema_decay is not None
    size = count_checkpoint_bytes(model, training.optim, with_average=with_average)
    strategy = build_strategy(model, training, arguments.device, from_scratch=from_scratch)
    collate = build_collator(batches, start.model)
    longest = None
    former = batches.former
    if training.tokens_per_batch == "auto" and isinstance(
        former, TokenBudgetBatches | PackedBatches
    ):
        most_rows = MOST if recipe.data.is_streamed else start.dataset.num_examples
        longest = build_longest_batch(former, start.dataset, collate, most_rows)
    reporters = [] if is_trial else _build_reporters(training, run, start.checkpoint)
    return T5TuneTrainer(
        model=model,
        tokenizer=start.model.tokenizer,
        args=arguments,
        loader=_build_loader(batches, start, collate, training, arguments),
        strategy=strategy,
        validate=validate,
        label_smoothing=training.label_smoothing_factor,
        saver=CheckpointSaver(
            CheckpointWriter(run.checkpoints, start.facts, expected_bytes=size),
            plan.num_kept,
            strategy,
            _build_average(training, model, start.checkpoint),
            start.model.tokenizer,
        ),
        end=watchers.end,
        throughput=watchers.throughput,
        limit=_build_batch_limit(batches, watchers.log, start.checkpoint),
        longest=longest,
        regularization=_build_regularization(training, run, start, strategy),
        callbacks=[*watchers.callbacks, *reporters],
    )


def _build_regularization(
    training: ResolvedTraining, run: RunDirectory, start: Start, strategy: Strategy
) -> Regularization:
    translator = start.model.translator
    parts = RunParts(
        translator.model,
        start.model.tokenizer,
        translator.settings.prefix,
        training.seed,
        training.label_smoothing_factor,
        strategy.optimizer,
        run.start_weights,
        is_resumed=start.checkpoint is not None,
    )
    return build_regularization(training.regularization, parts)


def _build_loader(
    plan: BatchPlan,
    start: Start,
    collate: Collate,
    training: ResolvedTraining,
    arguments: TrainingArguments,
) -> StepLoader:
    dataset: Any
    steps: OptimizerSteps | StreamedSteps
    if start.recipe.data.is_streamed:
        dataset = GivenExamples()
        steps = build_streamed_steps(start, training, arguments)
    else:
        num, rank = arguments.world_size, arguments.process_index
        dataset = start.dataset
        steps = OptimizerSteps(plan, training.gradient_accumulation_steps, rank, num)
    return StepLoader(
        dataset,
        steps,
        collate,
        num_workers=arguments.dataloader_num_workers,
        prefetch_factor=arguments.dataloader_prefetch_factor,
        persistent_workers=arguments.dataloader_persistent_workers,
        multiprocessing_context=arguments.dataloader_multiprocessing_context,
        pin_memory=arguments.dataloader_pin_memory and torch.accelerator.is_available(),
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
        wanted = getattr(plan.former, "tokens_per_batch", limit + 1)
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

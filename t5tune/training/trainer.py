"""The Trainer: our loss, batches, validations and checkpoints on Hugging Face's loop."""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import (
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PrinterCallback,
    Seq2SeqTrainer,
    Seq2SeqTrainingArguments,
    TrainerCallback,
    TrainerControl,
    TrainerState,
)

from t5tune.data.batching.steps import Batch, StepLoader
from t5tune.data.encoding import IGNORED
from t5tune.run.manifest import read_fact
from t5tune.training.callbacks.batch_probe import BatchProbe, LongestBatch
from t5tune.training.callbacks.divergence import DivergenceWatch
from t5tune.training.callbacks.log import EndOfTraining, ValidationInterrupted
from t5tune.training.callbacks.throughput import Throughput
from t5tune.training.checkpoints.loop_state import (
    has_stopped_early,
    read_loop_state,
    restore_early_stopping,
)
from t5tune.training.checkpoints.saving import CheckpointSaver, Trained, only_tensors
from t5tune.training.checkpoints.store import ENDED
from t5tune.training.checkpoints.stream_position import keep_position
from t5tune.training.random_numbers import keeping_random_state, seed_if_saved_elsewhere
from t5tune.training.regularizers.in_force import Regularization
from t5tune.training.step.batch_limit import BatchLimit
from t5tune.training.step.batch_loss import BatchLoss, with_target_positions
from t5tune.training.step.clipping import clip_on_cpu
from t5tune.training.step.gradients import NumItems, StepGradients
from t5tune.training.step.loss_record import LossRecord
from t5tune.training.step.objective import Objective
from t5tune.training.strategies.strategy import ShardingCheck, Strategy

Validate = Callable[[], dict[str, float]]

LOG_WINDOW = "log_window"  # key in trainer_state.json


class T5TuneTrainer(Seq2SeqTrainer):
    """The trainer of t5tune.

    Its loss is the same however a step is split, its validation is a score, its checkpoints are
    complete, and it survives lack of memory. A strategy does what depends on how the model is
    distributed over processes.

    Args:
        model: Model to train; the strategy may have sharded it.
        args: Arguments with one accumulation step: for the Trainer every optimizer step is one
            "batch".
        loader: Loader of optimizer steps; Accelerate's would repeat and drop uneven batches.
        validate: Function that translates the validation examples and returns scores by name.
        saver: Saver of checkpoints; their average of the weights follows every step.
        limit: Limit on the tokens of a batch that fit into memory.
        longest: Batch that is tried before the first step if there is no limit yet.
        regularization: Regularizers of the run.
        callbacks: Callbacks in the order in which they are called.
    """

    # Since transformers 5.23: training_step must not divide the loss again.
    loss_is_scaled_for_ga = True

    def __init__(
        self,
        *,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        args: Seq2SeqTrainingArguments,
        loader: StepLoader,
        strategy: Strategy,
        validate: Validate,
        label_smoothing: float,
        saver: CheckpointSaver,
        end: EndOfTraining | None = None,
        throughput: Throughput | None = None,
        limit: BatchLimit | None = None,
        longest: LongestBatch | None = None,
        regularization: Regularization | None = None,
        callbacks: Sequence[TrainerCallback] = (),
    ) -> None:
        self.strategy = strategy  # needed already where the Trainer would move the model
        self._regularization = regularization or Regularization()
        own = [*self._regularization.callbacks]
        own += [saver.average] if saver.average is not None else []
        super().__init__(
            model=model,
            processing_class=tokenizer,
            args=args,
            train_dataset=loader.dataset,
            eval_dataset=[],  # `validate` has its own examples
            data_collator=loader.collate_fn,
            optimizers=(strategy.optimizer, None),
            callbacks=[*callbacks, *own, ShardingCheck(strategy, model)],
        )
        self.remove_callback(PrinterCallback)
        self.control: TrainerControl
        self._loader = loader
        self.validate = validate
        self.saver = saver
        self._is_validation_pending = False  # a signal interrupted the last one
        self._end = end or EndOfTraining()
        self._throughput = throughput or Throughput()
        self._losses = LossRecord(self.accelerator, self._regularization.terms)
        self._watch = DivergenceWatch(saver.writer, args.learning_rate, round(args.logging_steps))
        self._loss = BatchLoss(
            self.unwrapped,
            strategy,
            self._regularization.objective or Objective(label_smoothing),
            bf16=args.bf16,
            searches_unused=args.world_size > 1 and bool(args.ddp_find_unused_parameters),
        )
        limit = limit or BatchLimit()
        self._gradients = StepGradients(
            self._add_gradients,
            limit,
            saver.writer,
            rank=args.process_index,
            num_processes=self.accelerator.num_processes,
        )
        if longest is not None:
            self.add_callback(
                BatchProbe(longest, limit, self._try_batch, model, strategy.optimizer)
            )
        strategy.begin(self.unwrapped)
        # The Trainer's name for a model that must not be wrapped in DDP or sharded again.
        self.is_distributed_loading_by_transformers = strategy.shards_model

    @property
    def unwrapped(self) -> PreTrainedModel:
        """Model without the wrappers of Accelerate."""
        model: PreTrainedModel = self.accelerator.unwrap_model(self.model)
        return model

    @property
    def is_over(self) -> bool:
        """Whether training is over, by its steps, its time or early stopping."""
        return self._end.is_over or has_stopped_early(self.callback_handler.callbacks)

    # ---- What the strategy decides ----

    def _move_model_to_device(self, model: torch.nn.Module, device: torch.device) -> None:
        if not self.strategy.shards_model:
            super()._move_model_to_device(model, device)

    def _sync_replicated_trainable_parameters(self, model: torch.nn.Module) -> None:
        """Do nothing: DeepSpeed's parameters only look as if they were not sharded."""

    def _clip_grad_norm(self, model: torch.nn.Module) -> Any:
        by_trainer = super()._clip_grad_norm

        def clip() -> Any:
            if self.args.device.type == "cpu" and not self.strategy.shards_model:
                return clip_on_cpu(model.parameters(), self.args.max_grad_norm)
            return by_trainer(model)

        return self.strategy.clip_gradients(clip)

    def _get_grad_norm(self, model: torch.nn.Module, grad_norm: Any = None) -> Any:
        by_trainer = super()._get_grad_norm
        return self.strategy.finish_gradients(lambda: by_trainer(model, grad_norm))

    # ---- Optimizer steps ----

    def get_train_dataloader(self) -> StepLoader:
        """Return the loader that the trainer was given."""
        return self._loader

    def get_batch_samples(
        self, epoch_iterator: Iterator[Any], num_batches: int, device: torch.device
    ) -> tuple[list[list[Batch]], torch.Tensor]:
        """Return the batches of an optimizer step, and its target tokens on all processes.

        Tokens are counted here, while the batches are still in the memory of the CPU.
        """
        steps = list(itertools.islice(epoch_iterator, num_batches))
        batches: list[Batch] = [batch for step in steps for batch in step]
        for batch in batches:
            self._throughput.count(batch)
        num_items = sum(int(batch["labels"].ne(IGNORED).sum()) for batch in batches)
        # Filled there: copying a number to a GPU would wait for it.
        return steps, self.accelerator.reduce(torch.full((), num_items, device=device), "sum")

    def _prepare_inputs(self, inputs: Batch) -> Batch:
        """Copy a batch to the device without waiting for it, which pinned memory allows."""
        device = self.args.device
        if device.type == "cuda":
            inputs = with_target_positions(inputs)
        return {name: tensor.to(device, non_blocking=True) for name, tensor in inputs.items()}

    def training_step(
        self, model: torch.nn.Module, inputs: list[Batch], num_items_in_batch: torch.Tensor
    ) -> torch.Tensor:
        """Compute the loss and the gradients of one optimizer step.

        Raises:
            T5TuneError: Not even one example fits into memory, or the loss is not finite.
        """
        step = self.state.global_step
        batches = self._regularization.add_noise(inputs, step)
        losses = self._gradients.compute_within_memory(
            model, batches, num_items_in_batch, self.state
        )
        self._watch.add(losses[0], step + 1)
        self._losses.add(losses, num_items_in_batch)
        return losses[0]

    def _try_batch(self, batch: Batch) -> None:
        """Compute a batch as a step that each process does by itself."""
        self._gradients.compute(self.model_wrapped, [batch], None, is_trial=True)

    def _add_gradients(
        self, model: torch.nn.Module, piece: Batch, num_items: NumItems, is_last: bool
    ) -> torch.Tensor:
        """Compute a piece of a step; see `AddGradients`."""
        add_pass = functools.partial(self._add_pass, model, piece)
        return self._regularization.run_passes(piece, num_items, add_pass, is_last=is_last)

    def _add_pass(
        self, model: torch.nn.Module, piece: Batch, num_items: NumItems, is_last: bool
    ) -> torch.Tensor:
        """Add the gradients of one pass over a piece, and return its part of the loss."""
        step = super().training_step

        def by_trainer() -> torch.Tensor:
            with contextlib.nullcontext() if is_last else self.accelerator.no_sync(model=model):
                loss: torch.Tensor = step(model, piece, num_items)
            return loss

        def compute_loss(engine: torch.nn.Module) -> torch.Tensor:
            loss: torch.Tensor = self.compute_loss(
                engine, self._prepare_inputs(piece), num_items_in_batch=num_items
            )
            return loss

        return self.strategy.add_gradients(by_trainer, compute_loss, is_last=is_last)

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: Batch,
        return_outputs: bool = False,
        num_items_in_batch: NumItems = None,
    ) -> Any:
        """Return the batch's part of the mean over the step's target tokens on all processes."""
        loss, outputs = self._loss.sum(model, inputs, with_outputs=return_outputs)
        if num_items_in_batch is None:
            num_items_in_batch = inputs["labels"].ne(IGNORED).sum()
        loss = loss / num_items_in_batch * self.accelerator.num_processes
        for name, term in self._loss.objective.take_terms().items():
            part = term / num_items_in_batch * self.accelerator.num_processes
            self._regularization.note(name, part)
        return (loss, outputs) if return_outputs else loss

    def floating_point_ops(self, inputs: list[Batch]) -> int:
        """Count nothing: the estimate of the library ignores the decoder's length."""
        return 0

    # ---- Logging and validation ----

    def log(self, logs: dict[str, float], *arguments: Any, **keywords: Any) -> None:
        """Log, but refuse to log, and so to save, anything after training has gone wrong."""
        step = self.state.global_step
        self._watch.check_pending(step)
        means = self._losses.put_means(logs, is_over=self.is_over or step >= self.state.max_steps)
        if means is None:
            return
        super().log(means, *arguments, **keywords)
        if "loss" in means:
            losses = [line["loss"] for line in self.state.log_history if "loss" in line]
            self._watch.check_logged(losses, step, self.state.best_global_step)

    def evaluate(self, *_: Any, metric_key_prefix: str = "eval", **__: Any) -> dict[str, float]:
        """Return the scores of the validation examples, under the Trainer's key names.

        Return nothing if a signal came meanwhile: then the run stops with a checkpoint, and
        validates it when it resumes.
        """
        self._watch.check_weights(self.unwrapped, self.state.global_step)
        try:
            with keeping_random_state():  # the number of validations must not change the training
                scores = self.validate()
        except ValidationInterrupted:
            self._is_validation_pending = True
            self.control.should_save = self.control.should_training_stop = True
            return {}
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in scores.items()}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        return metrics

    def _determine_best_metric(self, metrics: dict[str, float], trial: Any) -> bool:
        return bool(metrics) and super()._determine_best_metric(metrics, trial)

    def finish_validation(self, checkpoint: Path) -> None:
        """Do the validation of a checkpoint that a signal interrupted, and save it there."""
        self.load_state(checkpoint)
        self._load_callback_state()
        metrics = self.evaluate()
        if self._is_validation_pending:
            return
        self._determine_best_metric(metrics, None)
        callbacks = self.callback_handler.callbacks
        ended = bool(read_fact(checkpoint, ENDED)) or has_stopped_early(callbacks)
        self.saver.save_again(checkpoint, self.state, callbacks, ended=ended)

    # ---- Checkpoints ----

    def _save_checkpoint(self, model: torch.nn.Module, trial: Any) -> None:
        """Save the complete state or nothing, and nothing once loss or weights are NaN."""
        self._watch.check_pending(self.state.global_step)
        self._watch.check_weights(self.unwrapped, self.state.global_step)
        # Counts since the last logged line, which a resumed run logs with the rest.
        window = self._losses.pack() | self._throughput.pack()
        self.state.stateful_callbacks[LOG_WINDOW] = window
        keep_position(self.state, self._loader.steps)
        callbacks = self.callback_handler.callbacks
        trained = Trained(self.unwrapped, self.lr_scheduler, self.state, callbacks)
        self.saver.save(
            trained, self._save_rng_state, ended=self.is_over, pending=self._is_validation_pending
        )

    def load_state(self, checkpoint: Path) -> None:
        """Restore the state of a checkpoint, except weights and optimizer."""
        self.state: TrainerState = read_loop_state(checkpoint)

    def _load_callback_state(self) -> None:
        restore_early_stopping(self.state, self.callback_handler.callbacks)
        window = self.state.stateful_callbacks.get(LOG_WINDOW, {})
        self._losses.unpack(window)
        self._throughput.unpack(window)

    def _load_from_checkpoint(self, checkpoint: str, model: Any = None) -> None:
        """Do nothing: the model was read from the checkpoint, before it was sharded."""

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint is not None:
            self.saver.read_optimizer_and_schedule(Path(checkpoint), self.lr_scheduler)

    def _load_rng_state(self, checkpoint: str) -> None:
        path = Path(checkpoint)
        with only_tensors(path):
            if not seed_if_saved_elsewhere(path, self.args, self.state.global_step):
                super()._load_rng_state(checkpoint)

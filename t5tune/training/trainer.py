"""The Trainer: our loss, our batches and our validation on Hugging Face's loop."""

from __future__ import annotations

import contextlib
import functools
import pickle
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch.optim.lr_scheduler import LambdaLR
from transformers import (
    EarlyStoppingCallback,
    PreTrainedModel,
    Seq2SeqTrainer,
    TrainerControl,
    TrainerState,
)
from transformers.trainer import TRAINER_STATE_NAME
from transformers.trainer_callback import ExportableState

from t5tune.data.encoding import IGNORED
from t5tune.data.packing import PackedCollator
from t5tune.data.steps import (
    Batch,
    OptimizerSteps,
    StepLoader,
    count_padded_tokens,
    split_batch,
)
from t5tune.errors import T5TuneError
from t5tune.manifest import MANIFEST, read_manifest
from t5tune.models.decoder_inputs import shift_labels
from t5tune.models.output_layer import has_plain_output_layer, without_output_layer
from t5tune.models.packed import accept_packed_rows
from t5tune.training.allocator import release_freed_memory
from t5tune.training.averaging import WeightAverage
from t5tune.training.callbacks import ValidationInterrupted
from t5tune.training.checkpoint_writer import CheckpointWriter
from t5tune.training.checkpoints import ENDED
from t5tune.training.divergence import LossWatch
from t5tune.training.loss import sum_token_losses, sum_token_losses_chunked
from t5tune.training.memory import NEXT_COMMAND, is_out_of_memory
from t5tune.training.schedules import end_with_time
from t5tune.training.throughput import Throughput

Validate = Callable[[], dict[str, float]]
OnLimit = Callable[[int], None]


class T5TuneTrainer(Seq2SeqTrainer):
    """A `Seq2SeqTrainer` whose loss is right under accumulation and whose validation is a score.

    Args:
        steps: Which examples form the batches of each optimizer step. The Trainer itself must
            not accumulate: for it every step is one "batch".
        validate: Translates the validation examples and returns scores by name.
        label_smoothing: See `sum_token_losses`.
        checkpoints: Writes them.
        checkpoints_kept: The last so many that were validated, and the best one.
        average: Of the weights; saved in every checkpoint.
        **arguments: Of `Seq2SeqTrainer`.

    Attributes:
        batch_limit: Most tokens of a batch, padding counted, that memory holds; larger ones are
            computed in pieces. None until memory has shown to be too small.
        on_limit: Called with every new limit.
    """

    # Since transformers 5.23: training_step must not divide the loss again.
    loss_is_scaled_for_ga = True

    def __init__(
        self,
        *,
        steps: OptimizerSteps,
        validate: Validate,
        label_smoothing: float,
        checkpoints: CheckpointWriter,
        checkpoints_kept: int,
        average: WeightAverage | None = None,
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        self.steps = steps
        self.validate = validate
        self.label_smoothing = label_smoothing
        self.checkpoints = checkpoints
        self.checkpoints_kept = checkpoints_kept
        self.average = average
        if average is not None:
            self.add_callback(average)
        self.throughput: Throughput | None = None
        self.share_of_time: Callable[[], float] = lambda: 0.0
        self.is_over: Callable[[], bool] = lambda: False
        self.is_validation_pending = False
        self.batch_limit: int | None = None
        self.on_limit: OnLimit = lambda _: None
        self.loss_watch = LossWatch(
            checkpoints, self.args.learning_rate, round(self.args.logging_steps)
        )
        self.control: TrainerControl
        self.has_plain_output_layer = has_plain_output_layer(self.unwrapped)
        if isinstance(self.data_collator, PackedCollator):
            accept_packed_rows(self.unwrapped)
        # Makes the Trainer count the labels of the whole optimizer step for every family;
        # compute_loss below keeps the count to itself.
        self.model_accepts_loss_kwargs = True

    def get_train_dataloader(self) -> StepLoader:
        """Not prepared by Accelerate: its sampler wrappers repeat and drop uneven batches."""
        return StepLoader(
            self.train_dataset,
            self.steps,
            self.data_collator,
            num_workers=self.args.dataloader_num_workers,
            prefetch_factor=self.args.dataloader_prefetch_factor,
            pin_memory=torch.cuda.is_available(),
        )

    def create_scheduler(
        self, num_training_steps: int, optimizer: torch.optim.Optimizer | None = None
    ) -> LambdaLR:
        """The schedule, which ends with the steps or with the time, whichever comes first."""
        is_new = self.lr_scheduler is None
        scheduler: LambdaLR = super().create_scheduler(num_training_steps, optimizer)
        if is_new and isinstance(scheduler, LambdaLR):
            warmup_steps = self.args.get_warmup_steps(num_training_steps)
            scheduler.lr_lambdas = [
                end_with_time(
                    schedule, warmup_steps, num_training_steps, lambda: self.share_of_time()
                )
                for schedule in scheduler.lr_lambdas
            ]
        return scheduler

    def get_batch_samples(
        self, epoch_iterator: Iterator[Any], num_batches: int, device: torch.device
    ) -> tuple[list[list[Batch]], torch.Tensor | int | None]:
        """The batches of one optimizer step, and the target tokens in them on all processes.

        Tokens are counted here, where the batches are still in the memory of the CPU.
        """
        steps, _ = super().get_batch_samples(epoch_iterator, num_batches, device)
        batches = [batch for step in steps for batch in step]
        if self.throughput is not None:
            for batch in batches:
                self.throughput.count(batch)
        return steps, self._get_num_items_in_batch(batches, device)

    def training_step(
        self,
        model: torch.nn.Module,
        inputs: list[Batch],
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> torch.Tensor:
        """The loss and the gradients of one optimizer step.

        If memory does not suffice, the step begins anew in smaller pieces, with the same random
        numbers; the weights have not been touched yet.

        Raises:
            T5TuneError: Not even one example fits, or the loss is no number.
        """
        random_state = _get_random_state()
        while True:
            try:
                loss = self.compute_gradients(model, inputs, num_items_in_batch)
                break
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error) or self.accelerator.num_processes > 1:
                    raise
            # Outside the handler: the traceback holds on to the activations.
            model.zero_grad()
            self._halve_batches()
            _set_random_state(random_state)
        self.loss_watch.add(loss, self.state.global_step + 1)
        return loss

    def compute_gradients(
        self,
        model: torch.nn.Module,
        batches: list[Batch],
        num_items_in_batch: torch.Tensor | int | None,
    ) -> torch.Tensor:
        """Add the gradients of one optimizer step, batch by batch; returns its loss."""
        pieces = [piece for batch in batches for piece in split_batch(batch, self.batch_limit)]
        total: torch.Tensor | None = None
        for number, piece in enumerate(pieces, start=1):
            self._computed = piece
            synchronize = (
                contextlib.nullcontext  # with the last one the processes add their gradients
                if number == len(pieces)
                else functools.partial(self.accelerator.no_sync, model=model)
            )
            with synchronize():
                loss = super().training_step(model, piece, num_items_in_batch)
            total = loss if total is None else total + loss
        assert total is not None, "a step has a batch"
        return total

    def _halve_batches(self) -> None:
        """After running out of memory: computes batches in smaller pieces from here on."""
        batch = self._computed
        release_freed_memory()
        if len(batch["labels"]) == 1:
            sides = batch["input_ids"].shape[1], batch["labels"].shape[1]
            raise T5TuneError(
                f"out of memory at step {self.state.global_step + 1}: a batch of one row, "
                f"{sides[0]} source and {sides[1]} target tokens, does not fit; "
                f"{self.checkpoints.name_last()}.",
                next_command=NEXT_COMMAND,
            )
        self.batch_limit = count_padded_tokens(batch) // 2
        self.on_limit(self.batch_limit)

    def log(self, logs: dict[str, float], *arguments: Any, **keywords: Any) -> None:
        """Refuses to log, and so to save, what came after training went wrong."""
        step = self.state.global_step
        self.loss_watch.check_pending(step)
        super().log(logs, *arguments, **keywords)
        if "loss" in logs:
            losses = [line["loss"] for line in self.state.log_history if "loss" in line]
            self.loss_watch.check_logged(losses, step, self.state.best_global_step)

    def _save_checkpoint(self, model: torch.nn.Module, trial: Any) -> None:
        """Whole or not at all; see `CheckpointWriter`."""
        step = self.state.global_step
        self.loss_watch.check_pending(step)
        self.checkpoints.write(
            step,
            self._write_state,
            best_step=self.state.best_global_step,
            kept=self.validated_steps[-self.checkpoints_kept :],
            ended=self.is_over(),
            pending=self.is_validation_pending,
        )

    def _determine_best_metric(self, metrics: dict[str, float], trial: Any) -> bool:
        return bool(metrics) and super()._determine_best_metric(metrics, trial)

    def finish_validation(self, checkpoint: Path) -> None:
        """Do the validation that a signal had cut short, and put it into its checkpoint.

        Args:
            checkpoint: The model's weights are its own.
        """
        self.state = TrainerState.load_from_json(str(checkpoint / TRAINER_STATE_NAME))
        self._load_callback_state()
        metrics = self.evaluate()
        if self.is_validation_pending:
            return
        self._determine_best_metric(metrics, None)

        def copy(directory: Path) -> None:
            shutil.copytree(checkpoint, directory, dirs_exist_ok=True)
            (directory / MANIFEST).unlink()
            self._write_loop_state(directory)

        self.checkpoints.write(
            self.state.global_step,
            copy,
            best_step=self.state.best_global_step,
            kept=self.validated_steps[-self.checkpoints_kept :],
            ended=bool((read_manifest(checkpoint) or {}).get(ENDED)) or self.has_stopped_early,
        )
        self.checkpoints.finish()

    @property
    def validated_steps(self) -> list[int]:
        """Steps with a validation, and so with a checkpoint, in order."""
        history = self.state.log_history
        return [line["step"] for line in history if any(key.startswith("eval_") for key in line)]

    @property
    def has_stopped_early(self) -> bool:
        """Whether validations have not improved for as long as the recipe has patience."""
        return any(
            callback.early_stopping_patience_counter >= callback.early_stopping_patience
            for callback in self.callback_handler.callbacks
            if isinstance(callback, EarlyStoppingCallback)
        )

    def _write_state(self, directory: Path) -> None:
        """All that training goes on from."""
        self.unwrapped.save_pretrained(directory)
        self.processing_class.save_pretrained(directory)
        self._save_optimizer_and_scheduler(str(directory))
        self._save_scaler(str(directory))
        self._save_rng_state(str(directory))
        if self.average is not None:
            self.average.save(directory)
        self._write_loop_state(directory)

    def _write_loop_state(self, directory: Path) -> None:
        for callback in self.callback_handler.callbacks:
            if isinstance(callback, ExportableState):
                self.state.stateful_callbacks[type(callback).__name__] = callback.state()
        self.state.save_to_json(str(directory / TRAINER_STATE_NAME))

    def _load_callback_state(self) -> None:
        """Early stopping goes on counting; its patience is the recipe's."""
        for callback in self.callback_handler.callbacks:
            if isinstance(callback, EarlyStoppingCallback):
                saved = self.state.stateful_callbacks.get(type(callback).__name__)
                if saved:
                    for name, value in saved["attributes"].items():
                        setattr(callback, name, value)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        with _only_tensors(checkpoint):
            super()._load_optimizer_and_scheduler(checkpoint)

    def _load_rng_state(self, checkpoint: str | None) -> None:
        with _only_tensors(checkpoint):
            super()._load_rng_state(checkpoint)

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """The batch's part of the token-weighted mean of the optimizer step.

        Args:
            model: Possibly wrapped for several processes.
            inputs: input_ids, attention_mask and labels, shape (batch_size, length).
            return_outputs: Return the model's outputs too.
            num_items_in_batch: Target tokens of the whole optimizer step, on all processes.
        """
        labels = inputs["labels"]
        if self.has_plain_output_layer and not return_outputs:
            with without_output_layer(self.unwrapped) as weight:
                hidden_states = self._run(model, inputs).logits
            if self.args.bf16:  # Accelerate hands out fp32; the layer would have computed in bf16
                hidden_states = hidden_states.bfloat16()
            loss = sum_token_losses_chunked(hidden_states, weight, labels, self.label_smoothing)
            outputs = None
        else:
            outputs = self._run(model, inputs)
            loss = sum_token_losses(outputs.logits, labels, self.label_smoothing)
        if num_items_in_batch is None:
            num_items_in_batch = labels.ne(IGNORED).sum()
        loss = loss / num_items_in_batch * self.accelerator.num_processes
        return (loss, outputs) if return_outputs else loss

    def _run(self, model: torch.nn.Module, inputs: dict[str, torch.Tensor]) -> Any:
        """The model's outputs. It is not given the labels: it would compute a loss of its own."""
        if "source_segments" in inputs:
            names = ("input_ids", "decoder_input_ids", "source_segments", "target_segments")
            return model(**{name: inputs[name] for name in names})
        return model(
            input_ids=inputs["input_ids"],
            attention_mask=inputs["attention_mask"],
            decoder_input_ids=shift_labels(self.unwrapped, inputs["labels"]),
            use_cache=False,
        )

    @property
    def unwrapped(self) -> PreTrainedModel:
        """The model without what Accelerate puts around it."""
        model = self.accelerator.unwrap_model(self.model)
        assert isinstance(model, PreTrainedModel)
        return model

    def evaluate(
        self,
        eval_dataset: Any = None,
        ignore_keys: list[str] | None = None,
        metric_key_prefix: str = "eval",
        **_: Any,
    ) -> dict[str, float]:
        """Scores of the validation examples, from `validate`, under the Trainer's key names.

        None if a signal came meanwhile: then the run stops with a checkpoint, and validates it
        when it goes on.
        """
        try:
            with self._random_state_kept():
                scores = self.validate()
        except ValidationInterrupted:
            self.is_validation_pending = True
            self.control.should_save = self.control.should_training_stop = True
            return {}
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in scores.items()}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        return metrics

    @contextlib.contextmanager
    def _random_state_kept(self) -> Iterator[None]:
        """Validating more or less often must not change what is trained."""
        with torch.random.fork_rng():
            yield

    def floating_point_ops(self, inputs: list[Batch]) -> int:
        """Not counted: the estimate of the library ignores the decoder's length."""
        return 0


@contextlib.contextmanager
def _only_tensors(checkpoint: str | None) -> Iterator[None]:
    """Files of pickles are loaded with `weights_only`, which refuses whatever could run."""
    try:
        yield
    except pickle.UnpicklingError as error:
        raise T5TuneError(
            f"{checkpoint}: a file holds something else than tensors and is not loaded; t5tune "
            "did not write it.",
            next_command="t5tune verify RUN   # or the same command with --restart",
        ) from error


RandomState = tuple[torch.Tensor, torch.Tensor | None]


def _get_random_state() -> RandomState:
    gpu = torch.cuda.get_rng_state() if torch.cuda.is_available() else None
    return torch.get_rng_state(), gpu


def _set_random_state(state: RandomState) -> None:
    torch.set_rng_state(state[0])
    if state[1] is not None:
        torch.cuda.set_rng_state(state[1])

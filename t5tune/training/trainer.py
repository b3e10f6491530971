"""The Trainer: our loss, our batches and our validation on Hugging Face's loop."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch.optim.lr_scheduler import LambdaLR
from transformers import PreTrainedModel, Seq2SeqTrainer, TrainerControl

from t5tune.data.batching import BatchPlan, PlannedDataLoader
from t5tune.data.encoding import IGNORED
from t5tune.errors import T5TuneError
from t5tune.models.output_layer import has_plain_output_layer, without_output_layer
from t5tune.models.packed import run_packed
from t5tune.training.averaging import WeightAverage
from t5tune.training.checkpoints import PREFIX, find_newest_complete, remove_old, write_manifest
from t5tune.training.loss import sum_token_losses, sum_token_losses_chunked
from t5tune.training.throughput import Throughput

Validate = Callable[[], dict[str, float]]


def shift_labels(model: PreTrainedModel, labels: torch.Tensor) -> torch.Tensor:
    """What the decoder reads to predict the labels: the same, one position later.

    Most families have a method for this (mBART's moves the language token to the front); M2M100
    and NLLB have none and begin with `decoder_start_token_id`.

    Args:
        model: Whose decoder it is.
        labels: Shape (batch_size, target_length), padded with -100.

    Returns:
        Shape (batch_size, target_length).
    """
    own = getattr(model, "prepare_decoder_input_ids_from_labels", None)
    if own is not None:
        shifted: torch.Tensor = own(labels)
        return shifted
    shifted = labels.roll(1, dims=1)
    shifted[:, 0] = model.config.decoder_start_token_id
    return shifted.masked_fill(shifted == IGNORED, model.config.pad_token_id)


class T5TuneTrainer(Seq2SeqTrainer):
    """A `Seq2SeqTrainer` whose loss is right under accumulation and whose validation is a score.

    Args:
        batch_plan: Which examples form the batches of each epoch.
        validate: Translates the validation examples and returns scores by name.
        label_smoothing: See `sum_token_losses`.
        checkpoints_kept: The newest so many, and the best one.
        average: Of the weights; saved in every checkpoint.
        **arguments: Of `Seq2SeqTrainer`.
    """

    # Since transformers 5.23: training_step must not divide the loss again.
    loss_is_scaled_for_ga = True

    def __init__(
        self,
        *,
        batch_plan: BatchPlan,
        validate: Validate,
        label_smoothing: float,
        checkpoints_kept: int,
        average: WeightAverage | None = None,
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        self.batch_plan = batch_plan
        self.validate = validate
        self.label_smoothing = label_smoothing
        self.checkpoints_kept = checkpoints_kept
        self.average = average
        if average is not None:
            self.add_callback(average)
        self.throughput: Throughput | None = None
        self.share_of_time: Callable[[], float] = lambda: 0.0
        self._loss_since_check: torch.Tensor | None = None
        self.control: TrainerControl
        self.has_plain_output_layer = has_plain_output_layer(self.unwrapped)
        # Makes the Trainer count the labels of the whole optimizer step for every family;
        # compute_loss below keeps the count to itself.
        self.model_accepts_loss_kwargs = True

    def get_train_dataloader(self) -> PlannedDataLoader:
        """Not prepared by Accelerate: its sampler wrappers repeat and drop uneven batches."""
        return PlannedDataLoader(
            self.train_dataset,
            batch_sampler=self.batch_plan,
            collate_fn=self.data_collator,
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
                self._end_with_time(schedule, warmup_steps, num_training_steps)
                for schedule in scheduler.lr_lambdas
            ]
        return scheduler

    def _end_with_time(
        self, schedule: Callable[[int], float], warmup_steps: int, num_steps: int
    ) -> Callable[[int], float]:
        def timed(step: int) -> float:
            if step < warmup_steps:
                return schedule(step)
            return schedule(max(step, round(num_steps * self.share_of_time())))

        return timed

    def get_batch_samples(
        self, epoch_iterator: Iterator[Any], num_batches: int, device: torch.device
    ) -> tuple[list[Any], torch.Tensor | int | None]:
        """Counts tokens where the batches are still in the memory of the CPU."""
        batches, num_items = super().get_batch_samples(epoch_iterator, num_batches, device)
        if self.throughput is not None:
            for batch in batches:
                self.throughput.count(batch)
        return batches, num_items

    def training_step(self, *arguments: Any, **keywords: Any) -> torch.Tensor:
        """One batch, forward and backward; a loss that is no number ends training.

        On a CPU before the weights are touched. On a GPU asking after every batch would wait for
        it, so the question comes with the next log or checkpoint.
        """
        loss: torch.Tensor = super().training_step(*arguments, **keywords)
        if loss.device.type == "cpu":
            self._check_finite(loss, "at")
        else:
            total = (
                loss.detach() if self._loss_since_check is None else self._loss_since_check + loss
            )
            self._loss_since_check = total
        return loss

    def log(self, logs: dict[str, float], *arguments: Any, **keywords: Any) -> None:
        """Refuses to log, and so to save, what came after a loss that is no number."""
        self._check_since_last()
        super().log(logs, *arguments, **keywords)

    def _check_since_last(self) -> None:
        if self._loss_since_check is not None:
            self._check_finite(self._loss_since_check, "at or before")
            self._loss_since_check = None

    def _check_finite(self, loss: torch.Tensor, when: str) -> None:
        if torch.isfinite(loss).all():
            return
        step = self.state.global_step + (when == "at")
        newest, _ = find_newest_complete(Path(self.args.output_dir))
        kept = f"{newest} is the last good checkpoint" if newest else "no checkpoint was saved yet"
        raise T5TuneError(
            f"training diverged: the loss is {loss.item()} {when} step {step}; {kept}.",
            next_command="the same command with "
            f"training.learning_rate={self.args.learning_rate / 3:.2g} --restart",
        )

    def _save_checkpoint(self, model: torch.nn.Module, trial: Any) -> None:
        """Complete a checkpoint with its manifest before an older one is deleted."""
        self._check_since_last()
        super()._save_checkpoint(model, trial)
        checkpoints = Path(self.args.output_dir)
        checkpoint = checkpoints / f"{PREFIX}{self.state.global_step}"
        if self.average is not None:
            self.average.save(checkpoint)
        write_manifest(checkpoint)
        remove_old(checkpoints, keep=self.checkpoints_kept, best_step=self.state.best_global_step)

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
            dtype = torch.bfloat16 if self.args.bf16 else torch.float32
            return run_packed(model, inputs, dtype)
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
        """Scores of the validation examples, from `validate`, under the Trainer's key names."""
        with self._random_state_kept():
            scores = self.validate()
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

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:
        """Not counted: the estimate of the library ignores the decoder's length."""
        return 0

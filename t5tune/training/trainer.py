"""The Trainer: our loss, our batches and our validation on Hugging Face's loop."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.optim.lr_scheduler import LambdaLR

from t5tune.data.batching.packing import PackedCollator
from t5tune.data.batching.steps import (
    Batch,
    OptimizerSteps,
    StepLoader,
    count_padded_tokens,
    split_batch,
)
from t5tune.data.encoding import IGNORED
from t5tune.errors import T5TuneError
from t5tune.models.decoder_inputs import shift_labels
from t5tune.models.output_layer import has_plain_output_layer, without_output_layer
from t5tune.models.packed import accept_packed_rows
from t5tune.training.allocator import release_freed_memory
from t5tune.training.callbacks.divergence import LossWatch
from t5tune.training.callbacks.throughput import Throughput
from t5tune.training.loss import sum_token_losses, sum_token_losses_chunked
from t5tune.training.loss_window import LossWindow
from t5tune.training.memory import NEXT_COMMAND, is_out_of_memory
from t5tune.training.optim.schedules import end_with_time
from t5tune.training.resumable_trainer import ResumableTrainer

OnLimit = Callable[[int], None]

LOG_WINDOW = "log_window"  # key in trainer_state.json


class T5TuneTrainer(ResumableTrainer):
    """The trainer of t5tune: its loss is right under accumulation, and it survives lack of memory.

    Args:
        steps: Which examples form the batches of each optimizer step. The Trainer itself must
            not accumulate: for it every step is one "batch".
        label_smoothing: See `sum_token_losses`.
        **arguments: Of `ResumableTrainer`.

    Attributes:
        batch_limit: Most tokens of a batch, padding counted, that memory holds; larger ones are
            computed in pieces. None until memory has shown to be too small.
        on_limit: Called with every new limit.
        limits_to_come: What the steps after a checkpoint ran into when they were trained before,
            by the number of the step before them; each is in force from there on.
    """

    # Since transformers 5.23: training_step must not divide the loss again.
    loss_is_scaled_for_ga = True

    def __init__(
        self,
        *,
        steps: OptimizerSteps,
        label_smoothing: float,
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        self.steps = steps
        self.label_smoothing = label_smoothing
        self.throughput: Throughput | None = None
        self.loss_window = LossWindow(self._average)
        self.share_of_time: Callable[[], float] = lambda: 0.0
        self.batch_limit: int | None = None
        self.on_limit: OnLimit = lambda _: None
        self.limits_to_come: dict[int, int] = {}
        self.loss_watch = LossWatch(
            self.checkpoints, self.args.learning_rate, round(self.args.logging_steps)
        )
        # Where processes look for weights without a part in the model's outputs, the output layer
        # has to have its part there, and not in the loss.
        is_searched = self.args.world_size > 1 and self.args.ddp_find_unused_parameters
        self.has_plain_output_layer = has_plain_output_layer(self.unwrapped) and not is_searched
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
            persistent_workers=self.args.dataloader_persistent_workers,
            multiprocessing_context=self.args.dataloader_multiprocessing_context,
            pin_memory=self.args.dataloader_pin_memory and torch.accelerator.is_available(),
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
        numbers; the weights have not been touched yet. Not in several processes: the others are
        adding up gradients already.

        Raises:
            T5TuneError: Not even one example fits, or the loss is not finite.
        """
        if self.state.global_step in self.limits_to_come:
            self.batch_limit = self.limits_to_come.pop(self.state.global_step)
            self.on_limit(self.batch_limit)
        random_state = _get_random_state()
        while True:
            try:
                loss = self.compute_gradients(model, inputs, num_items_in_batch)
                break
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                if self.accelerator.num_processes > 1:
                    raise self._refuse_lack_of_memory() from error
            # Outside the handler: the traceback holds on to the activations.
            model.zero_grad()
            self._halve_batches()
            _set_random_state(random_state)
        self.loss_watch.add(loss, self.state.global_step + 1)
        assert num_items_in_batch is not None, "model_accepts_loss_kwargs makes it be counted"
        self.loss_window.add(loss, num_items_in_batch)
        return loss

    def compute_gradients(
        self,
        model: torch.nn.Module,
        batches: list[Batch],
        num_items_in_batch: torch.Tensor | int | None,
        *,
        is_trial: bool = False,
    ) -> torch.Tensor:
        """Add the gradients of one optimizer step, batch by batch; returns its loss.

        Args:
            model: Possibly wrapped for several processes.
            batches: Of this process.
            num_items_in_batch: See `compute_loss`.
            is_trial: Each process keeps its gradients to itself.
        """
        pieces = [piece for batch in batches for piece in split_batch(batch, self.batch_limit)]
        total: torch.Tensor | None = None
        for number, piece in enumerate(pieces, start=1):
            self._computed = piece
            # With the last one the processes add their gradients.
            is_last = number == len(pieces) and not is_trial
            loss = self._add_gradients(model, piece, num_items_in_batch, is_last=is_last)
            total = loss if total is None else total + loss
        assert total is not None, "a step has a batch"
        return total

    def _add_gradients(
        self,
        model: torch.nn.Module,
        piece: Batch,
        num_items_in_batch: torch.Tensor | int | None,
        *,
        is_last: bool,
    ) -> torch.Tensor:
        """Forward and backward of a piece of a step; returns its part of the loss."""
        synchronize = contextlib.nullcontext() if is_last else self.accelerator.no_sync(model=model)
        with synchronize:
            loss: torch.Tensor = super().training_step(model, piece, num_items_in_batch)
        return loss

    def _refuse_lack_of_memory(self) -> T5TuneError:
        batch = self._computed
        shapes = " and ".join(
            f"{len(batch[name])} x {batch[name].shape[1]} {side} tokens"
            for name, side in (("input_ids", "source"), ("labels", "target"))
        )
        return T5TuneError(
            f"out of memory at step {self.state.global_step + 1} in the process of rank "
            f"{self.args.process_index}, with a batch of {shapes}; {self.checkpoints.name_last()}.",
            next_command="the same command with a smaller training.tokens_per_batch and more "
            "training.gradient_accumulation_steps, or with tokens_per_batch=auto, and --restart",
        )

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
        """Refuses to log, and so to save, what came after training went wrong.

        The Trainer's mean of step means is replaced by the mean over target tokens.
        """
        step = self.state.global_step
        self.loss_watch.check_pending(step)
        if "loss" in logs:
            logs = {**logs, "loss": self.loss_window.close()}
        elif "train_loss" in logs:  # sums the training up
            if not (self.is_over() or step >= self.state.max_steps):
                return  # it goes on another time
            logs = {**logs, "train_loss": self.loss_window.mean_of_all}
        super().log(logs, *arguments, **keywords)
        if "loss" in logs:
            losses = [line["loss"] for line in self.state.log_history if "loss" in line]
            self.loss_watch.check_logged(losses, step, self.state.best_global_step)

    def _average(self, number: float) -> float:
        """The mean over all processes."""
        if self.accelerator.num_processes == 1:
            return number
        tensor = torch.tensor(number, dtype=torch.float64, device=self.args.device)
        return float(self.accelerator.reduce(tensor, "mean"))

    def _save_checkpoint(self, model: torch.nn.Module, trial: Any) -> None:
        """Not of weights that have seen a loss that is not finite."""
        self.loss_watch.check_pending(self.state.global_step)
        # What has been counted since the last logged line: a resumed run logs it with the rest.
        window = self.loss_window.pack()
        if self.throughput is not None:
            window |= self.throughput.pack()
        self.state.stateful_callbacks[LOG_WINDOW] = window
        super()._save_checkpoint(model, trial)

    def _load_callback_state(self) -> None:
        super()._load_callback_state()
        window = self.state.stateful_callbacks.get(LOG_WINDOW, {})
        self.loss_window.unpack(window)
        if self.throughput is not None:
            self.throughput.unpack(window)

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
            loss = self.sum_losses_chunked(model, inputs)
            outputs = None
        else:
            outputs = self._run(model, inputs)
            loss = sum_token_losses(outputs.logits, labels, self.label_smoothing)
        if num_items_in_batch is None:
            num_items_in_batch = labels.ne(IGNORED).sum()
        loss = loss / num_items_in_batch * self.accelerator.num_processes
        return (loss, outputs) if return_outputs else loss

    def sum_losses_chunked(
        self, model: Callable[..., Any], inputs: dict[str, torch.Tensor]
    ) -> torch.Tensor:
        """The sum of a batch's token losses, without logits of all its tokens at a time.

        Args:
            model: Or its forward.
            inputs: See `compute_loss`.
        """
        with without_output_layer(self.unwrapped) as weight:
            hidden_states = self._run(model, inputs).logits
        if self.args.bf16:  # Accelerate hands out fp32; the layer would have computed in bf16
            hidden_states = hidden_states.bfloat16()
        labels = inputs["labels"]
        # Within a forward autocast would round what the loss adds up in fp32.
        with torch.autocast(labels.device.type, enabled=False):
            return sum_token_losses_chunked(hidden_states, weight, labels, self.label_smoothing)

    def _run(self, model: Callable[..., Any], inputs: dict[str, torch.Tensor]) -> Any:
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

    def floating_point_ops(self, inputs: list[Batch]) -> int:
        """Not counted: the estimate of the library ignores the decoder's length."""
        return 0


RandomState = tuple[torch.Tensor, torch.Tensor | None]


def _get_random_state() -> RandomState:
    gpu = torch.cuda.get_rng_state() if torch.cuda.is_available() else None
    return torch.get_rng_state(), gpu


def _set_random_state(state: RandomState) -> None:
    torch.set_rng_state(state[0])
    if state[1] is not None:
        torch.cuda.set_rng_state(state[1])

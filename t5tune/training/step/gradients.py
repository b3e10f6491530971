"""The gradients of an optimizer step: batch by batch, in pieces that fit into memory."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable

import torch
from transformers import TrainerState

from t5tune.data.batching.steps import Batch, count_padded_tokens, split_batch
from t5tune.errors import T5TuneError
from t5tune.training.checkpoints.writer import CheckpointWriter
from t5tune.training.random_numbers import get_random_state, set_random_state
from t5tune.training.step.allocator import release_freed_memory, stop_keeping_freed_memory
from t5tune.training.step.batch_limit import BatchLimit
from t5tune.training.step.memory import NEXT_COMMAND, is_out_of_memory

NumItems = torch.Tensor | int | None


# Runs forward and backward on a piece of a step and returns its part of the loss, and of the terms
# that are logged by themselves, shape (1 + num_terms,). Takes the model, the piece, the target
# tokens of the full step, and whether processes add up their gradients now.
AddGradients = Callable[[torch.nn.Module, Batch, NumItems, bool], torch.Tensor]


class StepGradients:
    """Accumulation of the gradients of optimizer steps, in pieces that the limit allows.

    The limit is lowered where memory is too small. The writer of checkpoints is for messages.
    """

    def __init__(
        self,
        add: AddGradients,
        limit: BatchLimit,
        checkpoints: CheckpointWriter,
        *,
        rank: int,
        num_processes: int,
    ) -> None:
        self._add = add
        self._limit = limit
        self._checkpoints = checkpoints
        self._rank = rank
        self._num_processes = num_processes
        self._computed: Batch = {}  # the present or the last piece

    def compute(
        self,
        model: torch.nn.Module,
        batches: list[Batch],
        num_items: NumItems,
        *,
        is_trial: bool = False,
    ) -> torch.Tensor:
        """Add the gradients of one optimizer step, and return its loss and the loss's terms.

        Args:
            model: Model, possibly wrapped for several processes.
            batches: Batches of this process.
            num_items: Number of target tokens of the step, on all processes; None counts those of
                each piece.
            is_trial: Whether each process keeps its gradients to itself.
        """
        limit = self._limit.tokens
        pieces = [piece for batch in batches for piece in split_batch(batch, limit)]
        losses = []
        for number, piece in enumerate(pieces, start=1):
            self._computed = piece
            is_last = number == len(pieces) and not is_trial
            losses.append(self._add(model, piece, num_items, is_last))
        return functools.reduce(operator.add, losses)

    def compute_within_memory(
        self, model: torch.nn.Module, batches: list[Batch], num_items: NumItems, state: TrainerState
    ) -> torch.Tensor:
        """Do what `compute` does, in smaller pieces if memory does not suffice.

        The step then begins again with the same random numbers; the weights have not changed yet.
        Several processes cannot do so: the others are adding up gradients already.

        Raises:
            T5TuneError: Not even one example fits, or there are other processes.
        """
        self._limit.replay(state)
        random_state = get_random_state()
        while True:
            try:
                return self.compute(model, batches, num_items)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                if self._num_processes > 1:
                    raise self._refuse(state.global_step + 1) from error
            # Outside the handler: the traceback holds on to the activations.
            model.zero_grad()
            self._halve(state)
            set_random_state(random_state)

    def _refuse(self, step: int) -> T5TuneError:
        """Return the error for one of several processes."""
        batch = self._computed
        shapes = " and ".join(
            f"{len(batch[name])} x {batch[name].shape[1]} {side} tokens"
            for name, side in (("input_ids", "source"), ("labels", "target"))
        )
        return T5TuneError(
            f"out of memory at step {step} in the process of rank {self._rank}, with a batch of "
            f"{shapes}; {self._checkpoints.name_last()}.",
            next_command="the same command with a smaller training.tokens_per_batch and more "
            "training.gradient_accumulation_steps, or with tokens_per_batch=auto, and --restart",
        )

    def _halve(self, state: TrainerState) -> None:
        """Compute batches in smaller pieces from here on.

        Raises:
            T5TuneError: The piece that did not fit is a single row.
        """
        batch = self._computed
        stop_keeping_freed_memory()
        release_freed_memory()
        if len(batch["labels"]) == 1:
            sides = batch["input_ids"].shape[1], batch["labels"].shape[1]
            raise T5TuneError(
                f"out of memory at step {state.global_step + 1}: a batch of one row, "
                f"{sides[0]} source and {sides[1]} target tokens, does not fit; "
                f"{self._checkpoints.name_last()}.",
                next_command=NEXT_COMMAND,
            )
        self._limit.change(state, count_padded_tokens(batch) // 2)

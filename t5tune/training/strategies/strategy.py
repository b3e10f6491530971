"""The interface of strategies, and the strategy without sharding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from transformers import PreTrainedModel, TrainerCallback

from t5tune.distributed.sharded_tensors import gather_weights

Forward = Callable[..., Any]


class Strategy:
    """Strategy in which each process has the full model and does what Hugging Face's Trainer does.

    Every process calls each method at the same place. Strategies that shard the model override
    what they do differently.
    """

    shards_model = False  # if so, the Trainer must neither move the model nor wrap it in DDP
    has_full_output_layer = True  # whether its weight is gathered in `run_forward`

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self.optimizer = optimizer

    def begin(self, model: PreTrainedModel) -> None:
        """Prepare the model for training, once its forward is final."""

    def run_forward(self, model: Forward, function: Callable[[Forward], Any]) -> Any:
        """Return what a function makes of the model's forward, where the output layer is gathered.

        The model has its wrapper for several processes, and the function returns tensors.
        """
        return function(model)

    def add_gradients(
        self,
        by_trainer: Callable[[], torch.Tensor],
        compute_loss: Callable[[torch.nn.Module], torch.Tensor],
        *,
        is_last: bool,
    ) -> torch.Tensor:
        """Add the gradients of a piece of an optimizer step, and return its part of the loss.

        The functions do it as the Trainer does, or compute the loss of the piece with a model.
        """
        return by_trainer()

    def clip_gradients(self, by_trainer: Callable[[], Any]) -> Any:
        """Clip the gradients, and return their norm before it if it is known now."""
        return by_trainer()

    def finish_gradients(self, by_trainer: Callable[[], Any]) -> Any:
        """Return the norm of the gradients; next, the Trainer steps the optimizer."""
        return by_trainer()

    def check_memory(self, model: torch.nn.Module) -> None:
        """Check after the first step that memory is really sharded.

        Raises:
            T5TuneError: It is not.
        """

    def gather_weights(
        self, model: PreTrainedModel, *, keep: bool
    ) -> Mapping[str, torch.Tensor] | None:
        """Return the full state dict of a sharded model; None where the model itself is full.

        A process that does not keep it only takes part.
        """
        return gather_weights(model, keep=keep) if self.shards_model else None

    def gather_optimizer_state(self, *, keep: bool) -> dict[str, Any]:
        """Return the full state dict of the optimizer; see `gather_weights`."""
        return self.optimizer.state_dict() if keep else {}

    def load_optimizer_state(self, state: dict[str, Any]) -> None:
        """Give the optimizer a full state dict that every process has read."""
        self.optimizer.load_state_dict(state)


class ShardingCheck(TrainerCallback):
    """Check by the strategy, after the first step, that memory is really sharded."""

    def __init__(self, strategy: Strategy, model: torch.nn.Module) -> None:
        self.strategy = strategy
        self.model = model
        self.is_done = False

    def on_optimizer_step(self, *_: Any, **__: Any) -> None:
        if not self.is_done:
            self.strategy.check_memory(self.model)
            self.is_done = True

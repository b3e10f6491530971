"""What the trainer asks of the way in which a model is spread over processes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from transformers import PreTrainedModel

Forward = Callable[..., Any]


class Strategy:
    """Each process has the whole model, and everything is done as Hugging Face's Trainer does it.

    Every process calls each method at the same place. A strategy that divides the model overrides
    what it does in its own way.

    Args:
        optimizer: Of the model's parameters, divided or not.

    Attributes:
        divides_model: Whether the model is in place already: the Trainer must neither move it nor
            put it into DDP.
        has_whole_output_layer: Whether the output layer's weight is whole within `run_forward`.
    """

    divides_model = False
    has_whole_output_layer = True

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self.optimizer = optimizer

    def begin(self, model: PreTrainedModel) -> None:
        """Prepare the model for training, once its forward is final."""

    def run_forward(self, model: Forward, function: Callable[[Forward], Any]) -> Any:
        """Return what a function makes of the model's forward, where the output layer is whole.

        Args:
            model: With what is around it for several processes, or its forward.
            function: Returns tensors.
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

        Args:
            by_trainer: Does it as the Trainer does.
            compute_loss: Computes the piece's loss with the model that it is given.
            is_last: Whether the step ends with this piece.
        """
        return by_trainer()

    def clip_gradients(self, by_trainer: Callable[[], Any]) -> Any:
        """Clip the gradients, and return the norm that they had if it is known now."""
        return by_trainer()

    def finish_gradients(self, by_trainer: Callable[[], Any]) -> Any:
        """Return the norm of the gradients; next, the Trainer steps the optimizer."""
        return by_trainer()

    def check_memory(self, model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> None:
        """Look whether memory is really divided, after the first step.

        Raises:
            T5TuneError: It is not.
        """

    def gather_weights(
        self, model: PreTrainedModel, *, keep: bool
    ) -> Mapping[str, torch.Tensor] | None:
        """Return the full state dict of a divided model; None where the model itself is whole.

        Args:
            model: The one that is trained.
            keep: Whether this process wants it; the others only help.
        """
        return None

    def gather_optimizer_state(
        self, optimizer: torch.optim.Optimizer, *, keep: bool
    ) -> dict[str, Any]:
        """Return the `state_dict` that one process's optimizer has; see `gather_weights`."""
        return optimizer.state_dict() if keep else {}

    def load_optimizer_state(self, optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
        """Give the optimizer a full `state_dict` that every process has read."""
        optimizer.load_state_dict(state)

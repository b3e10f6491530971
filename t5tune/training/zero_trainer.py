"""The trainer of a model that DeepSpeed has divided."""

from __future__ import annotations

from typing import Any

import torch

from t5tune.data.batching.steps import Batch
from t5tune.training.sharded_trainer import WholeStateTrainer
from t5tune.training.zero import ZeroEngine


class ZeroTrainer(WholeStateTrainer):
    """A `T5TuneTrainer` whose gradients, clipping and steps are DeepSpeed's.

    Args:
        zero: The engine around the model.
        **arguments: Of `T5TuneTrainer`; model and optimizer are the engine's.
    """

    def __init__(self, *, zero: ZeroEngine, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.zero = zero
        # The output layer's weight is whole within that layer's own forward only.
        self.has_plain_output_layer = False
        self._has_checked = False

    def _sync_replicated_trainable_parameters(self, model: torch.nn.Module) -> None:
        """None is: to the Trainer they look as if DeepSpeed had not divided them."""

    def _add_gradients(
        self,
        model: torch.nn.Module,
        piece: Batch,
        num_items_in_batch: torch.Tensor | int | None,
        *,
        is_last: bool,
    ) -> torch.Tensor:
        engine = self.zero.engine
        engine.train()
        inputs = self._prepare_inputs(piece)
        loss: torch.Tensor = self.compute_loss(
            engine, inputs, num_items_in_batch=num_items_in_batch
        )
        engine.set_gradient_accumulation_boundary(is_last)
        engine.backward(loss)
        return loss.detach()

    def _clip_grad_norm(self, model: torch.nn.Module) -> None:
        """The engine clips where it steps."""

    def _get_grad_norm(self, model: torch.nn.Module, grad_norm: float | None = None) -> float:
        """Here the engine steps: only afterwards does it know the norm.

        It takes the gradients away, so that the step which the Trainer then makes of the
        optimizer finds nothing to do.
        """
        self.zero.engine.step()
        if not self._has_checked:
            self.zero.check_optimizer_state()
            self._has_checked = True
        return float(self.zero.engine.get_global_grad_norm())

    def _gather_optimizer_state(self, *, keep: bool) -> dict[str, Any]:
        return self.zero.gather_state(keep=keep)

    def _load_from_checkpoint(self, checkpoint: str, model: Any = None) -> None:
        """The model was read from it before it was divided."""

    def _load_optimizer_state(self, state: dict[str, Any]) -> None:
        self.zero.load_state(state)

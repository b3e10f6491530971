"""The strategy for a model that DeepSpeed has sharded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from t5tune.distributed.deepspeed import ZeroEngine
from t5tune.training.strategies.strategy import Strategy


class DeepSpeedStrategy(Strategy):
    """Strategy that leaves gradients, clipping and steps to DeepSpeed."""

    shards_model = True
    # Its weight is gathered within the layer's own forward only.
    has_full_output_layer = False

    def __init__(self, zero: ZeroEngine) -> None:
        super().__init__(zero.optimizer)
        self.zero = zero

    def add_gradients(
        self,
        by_trainer: Callable[[], torch.Tensor],
        compute_loss: Callable[[torch.nn.Module], torch.Tensor],
        *,
        is_last: bool,
    ) -> torch.Tensor:
        """Let the engine compute and add them."""
        engine = self.zero.engine
        engine.train()
        loss = compute_loss(engine)
        engine.set_gradient_accumulation_boundary(is_last)
        engine.backward(loss)
        return loss.detach()

    def clip_gradients(self, by_trainer: Callable[[], Any]) -> None:
        """Leave it to the engine, which clips where it steps."""

    def finish_gradients(self, by_trainer: Callable[[], Any]) -> float:
        """Step the engine, which knows the norm only afterwards.

        It removes the gradients, so that the optimizer step of the Trainer, which follows, has
        nothing to do.
        """
        self.zero.engine.step()
        return float(self.zero.engine.get_global_grad_norm())

    def check_memory(self, model: torch.nn.Module) -> None:
        """Check the optimizer's state; the weights were checked when they were sharded."""
        self.zero.check_optimizer_state()

    def gather_optimizer_state(self, *, keep: bool) -> dict[str, Any]:
        """Gather the shards that the engine holds."""
        return self.zero.gather_state(keep=keep)

    def load_optimizer_state(self, state: dict[str, Any]) -> None:
        """Fill the shards that the engine holds."""
        self.zero.load_state(state)

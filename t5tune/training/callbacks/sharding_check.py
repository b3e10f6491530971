"""The check that memory is sharded as the strategy promises."""

from __future__ import annotations

from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from t5tune.training.strategies.strategy import Strategy


class ShardingCheck(TrainerCallback):
    """Check of weights and optimizer state after the first step.

    Args:
        strategy: Strategy that does the check.
    """

    def __init__(self, strategy: Strategy) -> None:
        self.strategy = strategy
        self.is_done = False

    def on_optimizer_step(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: torch.nn.Module | None = None,
        optimizer: torch.optim.Optimizer | None = None,
        **_: Any,
    ) -> None:
        if not self.is_done:
            assert model is not None
            assert optimizer is not None
            self.strategy.check_memory(model, optimizer)
            self.is_done = True

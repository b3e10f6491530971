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
        model: Model that is trained.
    """

    def __init__(self, strategy: Strategy, model: torch.nn.Module) -> None:
        self.strategy = strategy
        self.model = model
        self.is_done = False

    def on_optimizer_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        if not self.is_done:
            self.strategy.check_memory(self.model)
            self.is_done = True

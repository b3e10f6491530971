"""The strategy for a model that torch's `fully_shard` has sharded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.distributed.tensor import DTensor, Shard
from transformers import PreTrainedModel

from t5tune.distributed.fsdp import (
    accept_inside,
    check_optimizer_state,
    check_weights,
    gather_optimizer_state,
)
from t5tune.distributed.sharded_tensors import shard, shard_like
from t5tune.training.optim.sharded_adafactor import ShardedAdafactor, sharded_dimension
from t5tune.training.strategies.strategy import Forward, Strategy


class FsdpStrategy(Strategy):
    """Strategy in which weights, gradients and optimizer state are `DTensor`s.

    Gradients are added up after every piece of a step. Waiting for the last one, as DDP does,
    would keep the gradients of all weights on every process.
    """

    shards_model = True

    def begin(self, model: PreTrainedModel) -> None:
        """Let `run_forward` run inside the model's forward."""
        accept_inside(model)

    def run_forward(self, model: Forward, function: Callable[[Forward], Any]) -> Any:
        """Call the function within the model's forward, where the output layer is gathered."""
        return model(inside=function)

    def check_memory(self, model: torch.nn.Module) -> None:
        """Check weights and optimizer state."""
        check_weights(model)
        check_optimizer_state(self.optimizer)

    def gather_optimizer_state(self, *, keep: bool) -> dict[str, Any]:
        """Gather one tensor after another."""
        return gather_optimizer_state(self.optimizer, keep=keep)

    def load_optimizer_state(self, state: dict[str, Any]) -> None:
        """Shard each tensor like its parameter."""
        parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        is_adafactor = isinstance(self.optimizer, ShardedAdafactor)
        sharded = {
            index: {
                key: _shard_state(key, value, parameters[index], is_adafactor=is_adafactor)
                for key, value in of_parameter.items()
            }
            for index, of_parameter in state["state"].items()
        }
        self.optimizer.load_state_dict({**state, "state": sharded})


def _shard_state(key: str, value: Any, parameter: torch.Tensor, *, is_adafactor: bool) -> Any:
    """Return this process's shard of a value in the state of a parameter."""
    if not isinstance(value, torch.Tensor) or not isinstance(parameter, DTensor):
        return value
    if is_adafactor:
        dimension = sharded_dimension(key, parameter)
        return value if dimension is None else shard(value, parameter, [Shard(dimension)])
    return shard_like(value, parameter) if value.shape == parameter.shape else value

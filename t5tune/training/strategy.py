"""What a recipe's sharding makes of a model: its optimizer and the trainer that knows how."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from transformers import PreTrainedModel

from t5tune.console import say
from t5tune.errors import T5TuneError
from t5tune.models.sharded import WITHOUT_SHARDING
from t5tune.recipe.resolved_recipe import FittedTraining
from t5tune.training.checkpoints.disk_space import count_checkpoint_bytes
from t5tune.training.optim.building import build_optimizer
from t5tune.training.sharded_trainer import ShardedTrainer
from t5tune.training.sharding import shard_for_training
from t5tune.training.trainer import T5TuneTrainer
from t5tune.training.zero import ZeroEngine
from t5tune.training.zero_trainer import ZeroTrainer


@dataclass(frozen=True)
class Strategy:
    """How a model is trained.

    Attributes:
        trainer: The class of the trainer.
        optimizer: Of the model's parameters, divided or not.
        checkpoint_bytes: About how large a checkpoint is.
        arguments: Of the trainer, beside those that every one takes.
    """

    trainer: type[T5TuneTrainer]
    optimizer: torch.optim.Optimizer
    checkpoint_bytes: int
    arguments: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def build_strategy(
    model: PreTrainedModel,
    section: FittedTraining,
    device: torch.device,
    *,
    from_scratch: bool,
) -> Strategy:
    """Divide a model as a recipe asks, and build what trains it. Every process calls this.

    Args:
        model: Whole, the same on every process; it may be divided in place.
        section: The recipe's section on training.
        device: Where this process computes.
        from_scratch: See `build_optimizer`.

    Raises:
        T5TuneError: The weights cannot be divided, or are not really.
    """
    optimizer = build_optimizer(model, section, from_scratch=from_scratch)
    size = count_checkpoint_bytes(model, optimizer, with_average=section.ema_decay is not None)
    if section.sharding == "none":
        return Strategy(T5TuneTrainer, optimizer, size)
    if not dist.is_initialized() or dist.get_world_size() == 1:
        raise T5TuneError(
            f"training.sharding: {section.sharding} divides the weights among several processes, "
            "and this is the only one.",
            next_command=f"t5tune train RECIPE --num-processes 2   # or {WITHOUT_SHARDING}",
        )
    if section.sharding == "deepspeed":
        zero = ZeroEngine(model, section)
        return Strategy(ZeroTrainer, zero.optimizer, size, {"zero": zero})
    if section.cpu_offload and device.type == "cpu":
        say("training.cpu_offload: without a GPU, weights are in the main memory anyway")
    shard_for_training(model, section, device)
    optimizer = build_optimizer(model, section, from_scratch=from_scratch)
    return Strategy(ShardedTrainer, optimizer, size)

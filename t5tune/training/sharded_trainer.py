"""The trainer of a model whose weights are divided among processes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from transformers.trainer import OPTIMIZER_NAME, SCHEDULER_NAME
from transformers.utils import SAFE_WEIGHTS_NAME

from t5tune.distributed.processes import is_first
from t5tune.models.sharded import accept_inside, load_weights, run_inside
from t5tune.training.optim.averaging import save_average
from t5tune.training.resumable_trainer import GatheredState
from t5tune.training.sharding import (
    ShardingCheck,
    gather_optimizer_state,
    gather_weights,
    load_optimizer_state,
)
from t5tune.training.trainer import T5TuneTrainer


@dataclass(frozen=True)
class WholeState(GatheredState):
    """With the whole tensors of a divided model; they are empty but in the first process.

    Attributes:
        weights: By name.
        optimizer: The `state_dict` that one process's optimizer would have.
        average: Of the weights, if there is one.
    """

    weights: Mapping[str, torch.Tensor]
    optimizer: Mapping[str, Any]
    average: Mapping[str, torch.Tensor] | None


class WholeStateTrainer(T5TuneTrainer):
    """A `T5TuneTrainer` of a divided model, whose checkpoints are those of one process.

    They hold whole tensors, which any number of processes, and any kind of sharding, goes on
    from. Gathering them needs every process; the first one writes.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        # The Trainer's name for a model that must not be put into DDP or sharded once more.
        self.is_distributed_loading_by_transformers = True

    def _move_model_to_device(self, model: torch.nn.Module, device: torch.device) -> None:
        """Sharding has placed it."""

    def _gather_optimizer_state(self, *, keep: bool) -> dict[str, Any]:
        return gather_optimizer_state(self.optimizer, keep=keep)

    def _load_optimizer_state(self, state: dict[str, Any]) -> None:
        load_optimizer_state(self.optimizer, state)

    def gather_state(self) -> WholeState:
        """Every process helps to gather the tensors; the first one has them."""
        keep = is_first()
        return WholeState(
            random_states=super().gather_state().random_states,
            weights=gather_weights(self.unwrapped, keep=keep),
            optimizer=self._gather_optimizer_state(keep=keep),
            average=self.average.gather(keep=keep) if self.average is not None else None,
        )

    def _write_tensors(self, directory: Path, gathered: GatheredState) -> None:
        assert isinstance(gathered, WholeState)
        self.unwrapped.save_pretrained(directory, state_dict=gathered.weights)
        torch.save(gathered.optimizer, directory / OPTIMIZER_NAME)
        torch.save(self.lr_scheduler.state_dict(), directory / SCHEDULER_NAME)
        if gathered.average is not None:
            save_average(gathered.average, directory)

    def _read_optimizer_and_scheduler(self, checkpoint: str) -> None:
        directory = Path(checkpoint)
        state = torch.load(directory / OPTIMIZER_NAME, map_location="cpu", weights_only=True)
        self._load_optimizer_state(state)
        schedule = torch.load(directory / SCHEDULER_NAME, map_location="cpu", weights_only=True)
        self.lr_scheduler.load_state_dict(schedule)


class ShardedTrainer(WholeStateTrainer):
    """A `T5TuneTrainer` of a model that `shard_model` has divided.

    Gradients are added up after every batch of a step. Waiting for the last one, as DDP does,
    would keep the gradients of all weights on every process.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        accept_inside(self.unwrapped)
        self.add_callback(ShardingCheck())

    def sum_losses_chunked(
        self, model: Callable[..., Any], inputs: dict[str, torch.Tensor]
    ) -> torch.Tensor:
        """Within the model's forward, where the output layer's weight is whole."""
        compute = super().sum_losses_chunked

        def inside(plain: Callable[..., Any]) -> torch.Tensor:
            return compute(plain, inputs)

        loss: torch.Tensor = run_inside(model, inside)
        return loss

    def _load_from_checkpoint(self, checkpoint: str, model: Any = None) -> None:
        load_weights(self.unwrapped, load_file(Path(checkpoint) / SAFE_WEIGHTS_NAME))

"""The trainer of a model whose weights are divided among processes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from transformers.trainer import OPTIMIZER_NAME, SCHEDULER_NAME
from transformers.utils import SAFE_WEIGHTS_NAME

from t5tune.models.sharded import accept_inside, run_inside
from t5tune.training.averaging import save_average
from t5tune.training.sharding import (
    ShardingCheck,
    gather_optimizer_state,
    gather_weights,
    load_optimizer_state,
    load_weights,
)
from t5tune.training.trainer import T5TuneTrainer


class WholeStateTrainer(T5TuneTrainer):
    """A `T5TuneTrainer` of a divided model, whose checkpoints are those of one process.

    They hold whole tensors, which any number of processes, and any kind of sharding, goes on
    from. Gathering them needs every process; the first one writes.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        # The Trainer's name for a model that must not be put into DDP or sharded once more.
        self.is_distributed_loading_by_transformers = True
        self._weights: dict[str, torch.Tensor] = {}
        self._optimizer_state: dict[str, Any] = {}
        self._average: dict[str, torch.Tensor] = {}

    def _move_model_to_device(self, model: torch.nn.Module, device: torch.device) -> None:
        """Sharding has placed it."""

    def _gather_optimizer_state(self, *, keep: bool) -> dict[str, Any]:
        return gather_optimizer_state(self.optimizer, keep=keep)

    def _load_optimizer_state(self, state: dict[str, Any]) -> None:
        load_optimizer_state(self.optimizer, state)

    def _save_checkpoint(self, model: torch.nn.Module, trial: Any) -> None:
        """Every process helps to gather the state, whoever writes it."""
        keep = self.args.should_save
        self._weights = gather_weights(self.unwrapped, keep=keep)
        self._optimizer_state = self._gather_optimizer_state(keep=keep)
        if self.average is not None:
            self._average = self.average.gather(keep=keep)
        try:
            super()._save_checkpoint(model, trial)
        finally:
            self._weights, self._optimizer_state, self._average = {}, {}, {}

    def _write_checkpoint(self, save: Callable[[Path], None], *, ended: bool) -> None:
        if self.args.should_save:
            super()._write_checkpoint(save, ended=ended)

    def _save_weights(self, directory: Path) -> None:
        self.unwrapped.save_pretrained(directory, state_dict=self._weights)

    def _save_average(self, directory: Path) -> None:
        save_average(self._average, directory)

    def _save_optimizer_and_scheduler(self, output_dir: str) -> None:
        torch.save(self._optimizer_state, Path(output_dir) / OPTIMIZER_NAME)
        torch.save(self.lr_scheduler.state_dict(), Path(output_dir) / SCHEDULER_NAME)

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

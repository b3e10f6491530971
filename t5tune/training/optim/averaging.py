"""Averages of weights, over steps or over checkpoints, which often beat the last weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers import TrainerCallback, TrainerState

from t5tune.distributed.sharded_tensors import gather_tensor, load_weights, shard_like
from t5tune.models.adapters import FILE as ADAPTER

FILE = "ema.safetensors"  # in a checkpoint

Weights = Mapping[str, torch.Tensor]


class WeightAverage(TrainerCallback):
    """A moving average of a model's weights.

    After step n the average moves towards the weights by 1 - min(decay, (1 + n) / (10 + n)), so
    that the first steps, which are far from the last, soon lose their weight (TensorFlow's
    ExponentialMovingAverage with num_updates).
    """

    def __init__(self, model: torch.nn.Module, decay: float) -> None:
        self.decay = decay  # share of the average that a step keeps, from 0 to 1
        # One name for each tensor: tied ones come with the first of their names.
        self._parameters = {n: p for n, p in model.named_parameters() if p.requires_grad}
        # The average by parameter name, in fp32 on the model's device once training begins.
        self.weights = {n: p.detach().float().clone() for n, p in self._parameters.items()}

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        """Follow the model, which the trainer may have moved to a GPU since it was built."""
        for name, parameter in self._parameters.items():
            self.weights[name] = self.weights[name].to(parameter.device)

    def on_step_end(self, args: Any, state: TrainerState, *_: Any, **__: Any) -> None:
        step = state.global_step
        kept = min(self.decay, (1 + step) / (10 + step))
        with torch.no_grad():
            torch._foreach_lerp_(
                list(self.weights.values()),
                [p.detach().float() for p in self._parameters.values()],
                1.0 - kept,
            )

    def gather(self, *, keep: bool = True) -> dict[str, torch.Tensor]:
        """Return the full average if the weights are sharded; then every process calls this.

        A process that does not keep it, in main memory, only takes part.
        """
        full: dict[str, torch.Tensor] = {}
        for name, weight in self.weights.items():
            tensor = gather_tensor(weight)
            if keep:
                full[name] = tensor if tensor is weight else tensor.cpu()
        return full

    def load(self, checkpoint: Path) -> None:
        """Continue from the average in a checkpoint."""
        for name, weight in load_file(checkpoint / FILE).items():
            self.weights[name].copy_(shard_like(weight, self.weights[name]))


def save_average(weights: Weights, checkpoint: Path) -> None:
    """Write the weights of a `WeightAverage` into a checkpoint."""
    save_file(dict(weights), checkpoint / FILE)


def average_checkpoints(checkpoints: Sequence[Path]) -> dict[str, torch.Tensor]:
    """Return the fp32 mean of checkpoints' weights (Vaswani et al. 2017, section 6.1)."""
    total: dict[str, torch.Tensor] = {}
    for checkpoint in checkpoints:
        adapter = checkpoint / ADAPTER
        file = adapter if adapter.is_file() else checkpoint / "model.safetensors"
        for name, weight in load_file(file).items():
            share = weight.float() / len(checkpoints)
            total[name] = total[name] + share if name in total else share
    return total


def set_weights(model: torch.nn.Module, weights: Weights) -> dict[str, torch.Tensor]:
    """Give a model other weights, and return those that it had before, by the same names.

    Names that are not parameters are left out.
    """
    parameters = model.named_parameters()
    previous = {name: p.detach().clone() for name, p in parameters if name in weights}
    load_weights(model, weights)
    return previous


@contextmanager
def weights_applied(model: torch.nn.Module, weights: Weights) -> Iterator[None]:
    """Give the model other weights inside the block."""
    previous = set_weights(model, weights)
    try:
        yield
    finally:
        set_weights(model, previous)

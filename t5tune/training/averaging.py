"""An exponential moving average of the weights, which often beats the last weights themselves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

FILE = "ema.safetensors"  # in a checkpoint


class WeightAverage(TrainerCallback):
    """Keeps an average of a model's weights beside them.

    After step n the average moves towards the weights by 1 - min(decay, (1 + n) / (10 + n)): the
    first steps, which are far from the last, are forgotten soon (TensorFlow's
    ExponentialMovingAverage with num_updates).

    Args:
        model: Whose weights are averaged.
        decay: Share of the average that a step keeps, from 0 to 1.

    Attributes:
        weights: The average by parameter name, in fp32 on the model's device.
    """

    def __init__(self, model: torch.nn.Module, decay: float) -> None:
        self.decay = decay
        # A name for each tensor once: tied ones come with the first of their names.
        self._parameters = {n: p for n, p in model.named_parameters() if p.requires_grad}
        self.weights = {n: p.detach().float().clone() for n, p in self._parameters.items()}

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        step = state.global_step
        kept = min(self.decay, (1 + step) / (10 + step))
        with torch.no_grad():
            torch._foreach_lerp_(
                list(self.weights.values()),
                [p.detach().float() for p in self._parameters.values()],
                1.0 - kept,
            )

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Inside the block the model has the averaged weights."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def _swap(self) -> None:
        with torch.no_grad():
            for name, parameter in self._parameters.items():
                current = parameter.detach().float().clone()
                parameter.copy_(self.weights[name])
                self.weights[name] = current

    def save(self, checkpoint: Path) -> None:
        """Write the average into a checkpoint."""
        save_file(self.weights, checkpoint / FILE)

    def load(self, checkpoint: Path) -> None:
        """Go on from the average of a checkpoint."""
        for name, weight in load_file(checkpoint / FILE).items():
            self.weights[name].copy_(weight)


def load_average(model: torch.nn.Module, checkpoint: Path) -> None:
    """Give a model the averaged weights of a checkpoint."""
    weights = load_file(checkpoint / FILE)
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for name, weight in weights.items():
            parameters[name].copy_(weight)

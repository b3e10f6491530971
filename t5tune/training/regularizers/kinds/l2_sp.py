"""L2-SP (Li et al. 2018): weights decay towards those that training began with.

The decay is decoupled from the gradient, like that of AdamW (Loshchilov and Hutter 2019), so that
it is the same for every optimizer: w <- w - lr * lambda * (w - w0) before each step.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from transformers import TrainerCallback

from t5tune.distributed.processes import is_main_process
from t5tune.errors import T5TuneError
from t5tune.training.regularizers.regularizer import Regularizer, RunParts

Weights = Mapping[str, torch.Tensor]


class DecayTowardsStart(TrainerCallback):
    """Decay towards the weights that training began with.

    Args:
        share: Share of the distance that a step takes off, times the learning rate.
        optimizer: Optimizer, whose groups have the learning rates.
        parameters: Parameters of the model by name.
        start: Weights that training began with, by the same names.
    """

    def __init__(
        self,
        share: float,
        optimizer: torch.optim.Optimizer,
        parameters: Mapping[str, torch.nn.Parameter],
        start: Weights,
    ) -> None:
        self._share = share
        self._optimizer = optimizer
        self._parameters = parameters
        self._start = {id(parameters[name]): weight for name, weight in start.items()}

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        """Follow the model, which the trainer may have moved to a GPU since it was built."""
        for parameter in self._parameters.values():
            start = self._start[id(parameter)]
            self._start[id(parameter)] = start.to(parameter.device)

    def on_pre_optimizer_step(self, *_: Any, **__: Any) -> None:
        with torch.no_grad():
            for group in self._optimizer.param_groups:
                starts = [self._start[id(parameter)] for parameter in group["params"]]
                torch._foreach_lerp_(group["params"], starts, self._share * group["lr"])


def _build(share: float, parts: RunParts) -> DecayTowardsStart:
    named = {n: p for n, p in parts.model.named_parameters() if p.requires_grad}
    start: Weights
    if parts.is_resumed:
        start = _load_start(parts, named)
    else:
        start = {name: parameter.detach().clone() for name, parameter in named.items()}
        if is_main_process():
            _save_start(parts, start)
    return DecayTowardsStart(share, parts.optimizer, named, start)


def _save_start(parts: RunParts, start: Weights) -> None:
    """Keep the weights with the run: their origin may have changed when it resumes."""
    path = parts.start_weights
    unfinished = path.with_name(f"{path.name}.tmp")
    save_file({name: weight.cpu() for name, weight in start.items()}, unfinished)
    os.replace(unfinished, path)


def _load_start(parts: RunParts, named: Mapping[str, torch.nn.Parameter]) -> Weights:
    path = parts.start_weights
    try:
        start = load_file(path)
    except (OSError, SafetensorError):
        start = {}
    if start.keys() != named.keys():
        raise T5TuneError(
            f"{path}: the weights that training began with are missing or damaged, and "
            "training.regularization.l2_sp needs them.",
            next_command="the same command with --restart   # trains in a new directory beside it",
        )
    # Not the mapped file: as the model's own, see `models/loading.py`.
    return {name: weight.clone() for name, weight in start.items()}


REGULARIZER = Regularizer(build_callback=_build)

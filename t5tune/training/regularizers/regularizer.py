"""The form of a regularizer: the parts of training that it may change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback

from t5tune.data.batching.steps import Batch
from t5tune.training.regularizers.perturbed_passes import PerturbedPasses
from t5tune.training.step.objective import Objective

# Returns a batch whose sources are changed for a step, counted from 0; it is on the CPU.
Noise = Callable[[Batch, int], Batch]
# Returns a factor of the learning rate for each of a model's parameters, by name.
Rates = Callable[[PreTrainedModel], Mapping[str, float]]


@dataclass(frozen=True)
class RunParts:
    """Parts of a run that a regularizer may need."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    prefix: str  # text before every source
    seed: int
    label_smoothing: float
    optimizer: torch.optim.Optimizer
    start_weights: Path  # file for the weights that training began with
    is_resumed: bool


@dataclass(frozen=True)
class Regularizer:
    """A kind of regularizer. Each function builds one part from the value of the recipe's key.

    What is None stays as it is without the regularizer.
    """

    build_noise: Callable[[Any, RunParts], Noise] | None = None
    build_objective: Callable[[Any, RunParts], Objective] | None = None
    build_passes: Callable[[Any, RunParts], PerturbedPasses] | None = None
    build_callback: Callable[[Any, RunParts], TrainerCallback] | None = None
    build_rates: Callable[[Any], Rates] | None = None

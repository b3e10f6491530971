"""Training steps of a model on a device, for comparisons between devices."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from t5tune.data.batching.steps import Batch
from t5tune.data.encoding import IGNORED, EncodedDataset, TokenSequences
from t5tune.training.optim.building import build_optimizer
from t5tune.training.step.batch_loss import BatchLoss
from t5tune.training.step.objective import Objective
from t5tune.training.strategies.strategy import Strategy

LEARNING_RATES = {"adamw_torch": 1e-3, "adafactor": 2e-2}  # Adafactor's is relative


@dataclass(frozen=True)
class Trained:
    """Result of some training steps."""

    losses: list[float]  # means over target tokens, of each step
    gradient: torch.Tensor  # of the first step, of all parameters in one row, float64, on the CPU

    def compare(self, other: Trained) -> tuple[float, float]:
        """Return the largest relative difference of a loss, and that of the gradients' norm."""
        pairs = zip(self.losses, other.losses, strict=True)
        loss = max(abs(a - b) / abs(b) for a, b in pairs)
        difference = (self.gradient - other.gradient).norm() / other.gradient.norm()
        return loss, float(difference)


class Steps:
    """A copy of a model on a device, without dropout, with its optimizer."""

    def __init__(
        self, model: Any, device: torch.device, *, bf16: bool = False, optim: str = "adamw_torch"
    ) -> None:
        self.device, self.bf16 = device, bf16
        self.model = copy.deepcopy(model).to(device).eval()
        section: Any = SimpleNamespace(
            optim=optim, learning_rate=LEARNING_RATES[optim], weight_decay=0.01, extra={}
        )
        self.optimizer = build_optimizer(self.model, section, from_scratch=True)
        self._loss = BatchLoss(
            self.model, Strategy(self.optimizer), Objective(0.1), bf16=bf16, searches_unused=False
        )

    def add_gradients(self, batch: Batch, num_items: int) -> torch.Tensor:
        """Return the batch's part of the mean loss, and add its gradients."""
        there = {name: tensor.to(self.device, non_blocking=True) for name, tensor in batch.items()}
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            total, _ = self._loss.sum(self.model, there)
        loss = total / num_items
        loss.backward()
        return loss.detach()

    def step(self, batch: Batch) -> torch.Tensor:
        """Return the mean loss of an optimizer step of one batch."""
        loss = self.add_gradients(batch, count_targets(batch))
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        return loss

    def gradient(self) -> torch.Tensor:
        """Return the gradients of all parameters in one row."""
        gradients = [p.grad.flatten() for p in self.model.parameters() if p.grad is not None]
        return torch.cat(gradients).cpu().double()

    def train(self, batches: Sequence[Batch]) -> Trained:
        """Train a step for each batch."""
        losses, gradient = [], None
        for batch in batches:
            losses.append(self.step(batch))
            gradient = self.gradient() if gradient is None else gradient
            self.optimizer.zero_grad()
        assert gradient is not None
        return Trained([float(loss) for loss in losses], gradient)


def count_targets(batch: Batch) -> int:
    return int(batch["labels"].ne(IGNORED).sum())


def random_dataset(num_examples: int, num_words: int, longest: int = 20) -> EncodedDataset:
    """Return examples of random lengths and random words, which end with 1."""
    generator = np.random.default_rng(0)
    sides = [
        TokenSequences(
            [
                [*generator.integers(3, num_words, length).tolist(), 1]
                for length in generator.integers(2, longest, num_examples)
            ]
        )
        for _ in range(2)
    ]
    return EncodedDataset(*sides)

"""What a step minimizes: the cross-entropy of each target token, or more than that."""

from __future__ import annotations

import torch

from t5tune.data.batching.steps import Batch
from t5tune.training.step.loss import sum_token_losses, sum_token_losses_chunked

TARGET_POSITIONS = "target_positions"  # key in a batch


class Objective:
    """The cross-entropy of each target token, with label smoothing.

    A regularizer that needs the outputs of the model has an objective of its own.
    """

    def __init__(self, label_smoothing: float) -> None:
        self.label_smoothing = label_smoothing

    def prepare(self, inputs: Batch) -> Batch:
        """Return what the model reads for a batch; its labels are those of the losses."""
        return inputs

    def sum(self, logits: torch.Tensor, inputs: Batch) -> torch.Tensor:
        """Return the sum over target tokens, of logits (batch_size, target_length, vocab_size)."""
        return sum_token_losses(logits, inputs["labels"], self.label_smoothing)

    def sum_chunked(
        self, hidden_states: torch.Tensor, weight: torch.Tensor, inputs: Batch
    ) -> torch.Tensor:
        """Return the same from what the output layer reads, and from its weight."""
        labels, positions = inputs["labels"], inputs.get(TARGET_POSITIONS)
        return sum_token_losses_chunked(
            hidden_states, weight, labels, self.label_smoothing, positions
        )

    def take_terms(self) -> dict[str, torch.Tensor]:
        """Return what regularizers have added to the last sum, by their names."""
        return {}

"""The one definition of the loss: the mean over the target tokens of a whole optimizer step."""

from __future__ import annotations

import torch
from torch.nn.functional import cross_entropy

from t5tune.data.encoding import IGNORED


def sum_token_losses(
    logits: torch.Tensor, labels: torch.Tensor, label_smoothing: float = 0.0
) -> torch.Tensor:
    """Sum of the cross-entropies of all target tokens, in nats.

    Dividing by the number of tokens of the whole optimizer step, and not of the batch, makes
    the gradient independent of how the step is split into batches.

    Args:
        logits: Shape (batch_size, target_length, vocab_size), any floating-point dtype.
        labels: Shape (batch_size, target_length); `IGNORED` marks padding.
        label_smoothing: Share of the probability that is spread evenly over the vocabulary
            (Szegedy et al. 2016).

    Returns:
        A scalar of dtype float32.
    """
    return cross_entropy(
        logits.flatten(0, 1).float(),
        labels.flatten(),
        ignore_index=IGNORED,
        reduction="sum",
        label_smoothing=label_smoothing,
    )

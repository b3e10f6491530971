"""Running a model up to its output layer, for a loss that takes that layer's part itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from transformers import PreTrainedModel

from t5tune.models.families import find_family


def has_plain_output_layer(model: PreTrainedModel) -> bool:
    """Whether the logits are `hidden_states @ weight.T`."""
    layer = model.get_output_embeddings()
    return (
        find_family(model.config.model_type).has_plain_output_layer
        and type(layer) is torch.nn.Linear
        and layer.bias is None
    )


@contextmanager
def without_output_layer(model: PreTrainedModel) -> Iterator[torch.Tensor]:
    """Inside the block the model's `logits` are what its output layer would have read.

    Args:
        model: One that `has_plain_output_layer`.

    Yields:
        The layer's weight, shape (vocab_size, d_model).
    """
    layer = model.get_output_embeddings()
    layer.forward = lambda hidden_states: hidden_states  # a module here would become a child
    try:
        yield layer.weight
    finally:
        del layer.forward

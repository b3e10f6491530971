"""Runs a model up to its output layer, for a loss that computes that layer itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from transformers import PreTrainedModel

from t5tune.models.families import find_family


def has_plain_output_layer(model: PreTrainedModel) -> bool:
    """Return whether the logits are `hidden_states @ weight.T`."""
    layer = model.get_output_embeddings()
    return (
        find_family(model.config.model_type).has_plain_output_layer
        and type(layer) is torch.nn.Linear
        and layer.bias is None
    )


@contextmanager
def without_output_layer(model: PreTrainedModel) -> Iterator[torch.Tensor]:
    """Make the model return the inputs of its output layer as `logits`, inside the block.

    The layer, which is a plain one, is yielded as its weight, shape (vocab_size, d_model).
    """
    layer = model.get_output_embeddings()
    # Not a module, which would become a child.
    layer.forward = lambda hidden_states: hidden_states
    try:
        yield layer.weight
    finally:
        del layer.forward

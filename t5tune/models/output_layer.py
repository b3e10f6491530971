"""Running a model up to its output layer, for a loss that takes that layer's part itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from transformers import PreTrainedModel

# Families whose logits are the output layer's product and nothing else. BART, Pegasus, mBART and
# Marian add a bias to it, T5Gemma bends it.
PLAIN_MODEL_TYPES = {"t5", "mt5", "umt5", "longt5", "m2m_100"}


def has_plain_output_layer(model: PreTrainedModel) -> bool:
    """Whether the logits are `hidden_states @ weight.T`."""
    layer = model.get_output_embeddings()
    return (
        model.config.model_type in PLAIN_MODEL_TYPES
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

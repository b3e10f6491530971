"""Test what is calculated from the sizes of a model against the model itself."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import (
    MT5Config,
    MT5ForConditionalGeneration,
    T5Config,
    T5ForConditionalGeneration,
)

from t5tune.distributed.fsdp import find_blocks
from t5tune.distributed.model_shape import T5_SHAPES, ModelShape

SIZES: dict[str, Any] = {
    "vocab_size": 90, "d_model": 24, "d_kv": 8, "d_ff": 56, "num_layers": 2,
    "num_decoder_layers": 3, "num_heads": 2, "decoder_start_token_id": 0,
}  # fmt: skip


@pytest.mark.parametrize("gated", [False, True])
def test_weights_of_each_block_and_outside(gated: bool) -> None:
    if gated:
        model = MT5ForConditionalGeneration(MT5Config(**SIZES, tie_word_embeddings=False))
    else:
        model = T5ForConditionalGeneration(T5Config(**SIZES))
    shape = ModelShape.of(model.config)
    blocks = [sum(p.numel() for p in block.parameters()) for block in find_blocks(model)]
    assert shape.blocks == blocks
    assert shape.num_weights == model.num_parameters()


def test_published_sizes() -> None:
    """The numbers of weights that the hub shows for google-t5/t5-*."""
    millions = [round(shape.num_weights / 1e6, 1) for shape in T5_SHAPES.values()]
    assert millions == [60.5, 222.9, 737.7, 2851.6, 11307.3]


@pytest.mark.parametrize("gated", [False, True])
def test_operations_are_those_of_torch(gated: bool) -> None:
    config = T5Config(
        **SIZES,
        feed_forward_proj="gated-gelu" if gated else "relu",
        attn_implementation="eager",
    )
    sources, targets = torch.ones(4, 11, dtype=torch.long), torch.ones(4, 7, dtype=torch.long)
    model = T5ForConditionalGeneration(config)
    with FlopCounterMode(display=False) as counter:
        model(input_ids=sources, labels=targets).loss.backward()
    counted = ModelShape.of(config).count_flops([11] * 4, [7] * 4)
    assert counted == pytest.approx(counter.get_total_flops(), rel=0.001)


def count_saved_bytes(num_rows: int, gated: bool, **sizes: int) -> int:
    """Return the bytes of activations that autograd keeps of encoder and decoder."""
    config = T5Config(
        **(SIZES | sizes), dropout_rate=0.1, feed_forward_proj="gated-gelu" if gated else "relu",
        attn_implementation="eager",
    )  # fmt: skip
    model = T5ForConditionalGeneration(config).train()
    weights = {p.untyped_storage().data_ptr() for p in model.parameters()}
    saved: dict[int, torch.Tensor] = {}  # kept, so that no address is used twice

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        saved[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    ids = torch.ones(num_rows, 8, dtype=torch.long)
    with (
        torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor),
        torch.autocast("cpu", torch.bfloat16),
    ):
        encoded = model.encoder(ids).last_hidden_state
        model.decoder(ids, encoder_hidden_states=encoded)
    return sum(t.untyped_storage().nbytes() for key, t in saved.items() if key not in weights)


@pytest.mark.parametrize("gated", [False, True])
@pytest.mark.parametrize(
    ("added", "masks"),
    # A bit of dropout's mask takes two bytes on a CPU, one on a GPU: two masks per block of the
    # encoder have d_model bits, three of the decoder, one of each d_ff.
    [({"num_layers": 1, "d_model": 24}, 2), ({"num_decoder_layers": 1, "d_model": 24}, 3),
     ({"num_layers": 1, "d_ff": 56}, 1)],
)  # fmt: skip
def test_activations_are_those_that_autograd_keeps(
    added: dict[str, int], masks: int, gated: bool
) -> None:
    """Attention is fused only on a GPU; what a block keeps per feature is the same everywhere."""
    (layers, _), (width, more) = added.items()

    def per_feature(count: Any) -> float:
        """Return the bytes per token and feature of `width` in one block."""
        of_block = [
            count({layers: SIZES[layers] + 1} | wider) - count(wider)
            for wider in ({}, {width: SIZES[width] + more})
        ]
        return float(of_block[1] - of_block[0]) / more

    def measured(sizes: dict[str, int]) -> float:
        return (count_saved_bytes(3, gated, **sizes) - count_saved_bytes(1, gated, **sizes)) / 16

    def predicted(sizes: dict[str, int]) -> float:
        shape = ModelShape.of(
            T5Config(**(SIZES | sizes), feed_forward_proj="gated-gelu" if gated else "relu")
        )
        return shape.count_activation_bytes(1, 1)

    assert per_feature(measured) == per_feature(predicted) + masks

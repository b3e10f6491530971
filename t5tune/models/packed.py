"""Running a T5 on packed rows so that no example sees another.

T5 knows positions only as differences, so an example computes the same wherever it stands in
its row. Families with absolute positions would not.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers import PreTrainedModel

PACKABLE_MODEL_TYPES = ("t5", "mt5", "umt5")


def is_packable(model_type: str) -> bool:
    """Whether the family's only positions are relative ones, without local attention."""
    return model_type in PACKABLE_MODEL_TYPES


def run_packed(model: PreTrainedModel, inputs: dict[str, torch.Tensor], dtype: torch.dtype) -> Any:
    """The model's outputs for a batch of `PackedCollator`.

    Args:
        model: Of a packable family.
        inputs: Tensors of shape (num_rows, row length).
        dtype: Of the masks: what the attention computes in.
    """
    source, target = inputs["source_segments"], inputs["target_segments"]
    causal = torch.ones(target.shape[1], target.shape[1], dtype=torch.bool, device=target.device)
    encoder_outputs = model.get_encoder()(
        input_ids=inputs["input_ids"], attention_mask=_mask(source, source, dtype)
    )
    return model(
        encoder_outputs=encoder_outputs,
        attention_mask=_mask(target, source, dtype),
        decoder_input_ids=inputs["decoder_input_ids"],
        decoder_attention_mask=_mask(target, target, dtype, causal.tril()),
        use_cache=False,
    )


def _mask(
    queries: torch.Tensor,
    keys: torch.Tensor,
    dtype: torch.dtype,
    allowed: torch.Tensor | None = None,
) -> torch.Tensor:
    """What is added to the attention scores: 0 within a segment, the lowest number elsewhere.

    Padding attends to padding, so that no query is left without a key.

    Args:
        queries: Segments, shape (num_rows, query_length).
        keys: Segments, shape (num_rows, key_length).
        dtype: Of the result.
        allowed: Further restriction, shape (query_length, key_length).

    Returns:
        Shape (num_rows, 1, query_length, key_length).
    """
    visible = queries[:, None, :, None] == keys[:, None, None, :]
    if allowed is not None:
        visible &= allowed
    mask = torch.zeros(visible.shape, dtype=dtype, device=queries.device)
    return mask.masked_fill_(~visible, torch.finfo(dtype).min)

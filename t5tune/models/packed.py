"""Runs a T5 on packed rows so that no example sees another.

T5 only uses differences of positions, so an example gives the same result wherever it is in its
row. Families with absolute positions would not.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from transformers import PreTrainedModel


def accept_packed_rows(model: PreTrainedModel) -> None:
    """Make a model's forward accept the batches of `PackedCollator`, besides ordinary ones.

    Encoder and decoder run within one forward, so that wrappers for several processes or lower
    precision see both. The model, of a packable family, gets one more attribute and keeps its
    class, so that it is saved as before.
    """
    plain = model.forward

    @functools.wraps(plain)
    def forward(*arguments: Any, **keywords: Any) -> Any:
        if "source_segments" in keywords:
            return _run_packed(model, plain, **keywords)
        return plain(*arguments, **keywords)

    model.forward = forward


def _run_packed(
    model: PreTrainedModel,
    plain: Callable[..., Any],
    *,
    input_ids: torch.Tensor,
    decoder_input_ids: torch.Tensor,
    source_segments: torch.Tensor,
    target_segments: torch.Tensor,
) -> Any:
    """Return the model's outputs; tensors have the shape (num_rows, row length)."""
    device = input_ids.device
    dtype = model.dtype  # dtype in which the attention computes
    if torch.is_autocast_enabled(device.type):
        dtype = torch.get_autocast_dtype(device.type)
    length = target_segments.shape[1]
    causal = torch.ones(length, length, dtype=torch.bool, device=device).tril()
    encoder_outputs = model.get_encoder()(
        input_ids=input_ids, attention_mask=_mask(source_segments, source_segments, dtype)
    )
    return plain(
        encoder_outputs=encoder_outputs,
        attention_mask=_mask(target_segments, source_segments, dtype),
        decoder_input_ids=decoder_input_ids,
        decoder_attention_mask=_mask(target_segments, target_segments, dtype, causal),
        use_cache=False,
    )


def _mask(
    queries: torch.Tensor,
    keys: torch.Tensor,
    dtype: torch.dtype,
    allowed: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return the mask added to attention scores: 0 within a segment, the lowest number elsewhere.

    Padding attends to padding, so that no query is left without a key.

    Args:
        queries: Segments, shape (num_rows, query_length).
        keys: Segments, shape (num_rows, key_length).
        dtype: Dtype of the result.
        allowed: Further restriction, shape (query_length, key_length).

    Returns:
        Shape (num_rows, 1, query_length, key_length).
    """
    visible = queries[:, None, :, None] == keys[:, None, None, :]
    if allowed is not None:
        visible &= allowed
    mask = torch.zeros(visible.shape, dtype=dtype, device=queries.device)
    return mask.masked_fill_(~visible, torch.finfo(dtype).min)

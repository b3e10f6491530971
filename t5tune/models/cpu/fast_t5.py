"""The sublayers of T5 and mT5 in fewer and cheaper steps, for training on a CPU.

A small model's step on a CPU spends less time on matrix products than on the rest: thousands of
small operations, casts between dtypes, boolean masks, which torch converts one by one. Here each
sublayer (norm, attention or feed-forward, dropout, residual) is one function with its gradient
written out: products run in the dtype of autocast, everything elementwise in fp32, and q, k and v
are one product. Results equal those of the plain layers up to rounding
(tests/unit/models/cpu/test_fast_t5.py); docs/benchmarks.md shows the gain.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from transformers import PreTrainedModel

from t5tune.models.adapters import is_adapted
from t5tune.models.cpu.fast_t5_functions import Attention, FeedForward, Settings
from t5tune.models.cpu.fast_t5_parts import ACTIVATIONS
from t5tune.models.families import find_family


@dataclass
class _Bias:
    """Terms that a stack adds to its attention scores in place of the library's position bias."""

    # Relative position bias, shape (1, num_heads, query_length, key_length).
    learned: torch.Tensor | None
    # Sum of that bias and the mask, shape (batch_size * num_heads, query_length, key_length).
    added: torch.Tensor | None


def use_fast_sublayers(model: PreTrainedModel) -> bool:
    """Make the sublayers of a T5 or mT5 train faster on a CPU, and change nothing else.

    Return whether the model has such sublayers.

    The library's own layers run on a GPU, without gradients, with a cache, while compiling, when
    attentions are asked for, where they have an adapter, and in models with another activation or
    of another family.
    """
    activation = getattr(model.config, "dense_act_fn", None)
    has_t5_sublayers = find_family(model.config.model_type).has_t5_sublayers
    if not has_t5_sublayers or activation not in ACTIVATIONS:
        return False
    is_faster = False
    for stack in (model.get_encoder(), model.get_decoder()):
        attentions = [layer for block in stack.block for layer in block.layer[:-1]]
        # All of a stack or none: each gives its bias to the next one.
        if not any(map(is_adapted, attentions)):
            is_faster = True
            for layer in attentions:
                layer.forward = functools.partial(_attention_layer, layer, layer.forward)
        for feed_forward in (block.layer[-1] for block in stack.block):
            if not is_adapted(feed_forward):
                is_faster = True
                feed_forward.forward = functools.partial(
                    _feed_forward_layer, feed_forward, feed_forward.forward, activation
                )
    return is_faster


def _is_wanted(layer: torch.nn.Module, hidden_states: torch.Tensor) -> bool:
    return (
        layer.training
        and torch.is_grad_enabled()
        and hidden_states.device.type == "cpu"
        and hidden_states.dtype == torch.float32
        and not torch.compiler.is_compiling()
    )


def _products_dtype() -> torch.dtype:
    enabled = torch.is_autocast_enabled("cpu")
    return torch.get_autocast_dtype("cpu") if enabled else torch.float32


def _attention_layer(
    layer: Any,
    plain: Callable[..., Any],
    hidden_states: torch.Tensor,
    key_value_states: torch.Tensor | None = None,
    attention_mask: torch.Tensor | None = None,
    position_bias: Any = None,
    past_key_values: Any = None,
    **others: Any,
) -> Any:
    """Run T5LayerSelfAttention, or T5LayerCrossAttention if there are key_value_states."""
    if (
        not _is_wanted(layer, hidden_states)
        or past_key_values is not None
        or isinstance(position_bias, torch.Tensor)  # from a layer of the library before this one
        or others.get("output_attentions")
    ):
        if key_value_states is not None:
            others["key_value_states"] = key_value_states
        return plain(
            hidden_states, attention_mask=attention_mask, position_bias=position_bias,
            past_key_values=past_key_values, **others,
        )  # fmt: skip
    attention = layer.SelfAttention if key_value_states is None else layer.EncDecAttention
    keys = hidden_states if key_value_states is None else key_value_states
    bias = position_bias or _prepare_bias(attention, hidden_states, keys, attention_mask)
    dtype = _products_dtype()
    with torch.autocast("cpu", enabled=False):
        # torch leaves apply() without types.
        output = Attention.apply(  # type: ignore[no-untyped-call]
            hidden_states,
            key_value_states,
            layer.layer_norm.weight,
            attention.q.weight,
            attention.k.weight,
            attention.v.weight,
            attention.o.weight,
            bias.learned,
            bias.added,
            Settings(
                dtype, layer.layer_norm.variance_epsilon, attention.n_heads,
                attention.dropout, layer.dropout.p,
            ),
        )  # fmt: skip
    return output, bias, None


def _prepare_bias(
    attention: Any, queries: torch.Tensor, keys: torch.Tensor, mask: torch.Tensor | None
) -> _Bias:
    """Prepare bias and mask for a stack, as the library's create_position_bias_mask, in fp32."""
    lengths = queries.shape[1], keys.shape[1]
    learned = attention.compute_bias(*lengths) if attention.has_relative_attention_bias else None
    lowest = torch.finfo(torch.float32).min
    if mask is None and attention.is_causal:
        mask = torch.ones(lengths, dtype=torch.bool).tril()[None, None]
    if mask is not None and mask.dtype == torch.bool:
        mask = torch.zeros(mask.shape).masked_fill_(~mask, lowest)
    if learned is None and mask is None:
        return _Bias(None, None)
    with torch.no_grad():
        parts = [part for part in (learned, mask) if part is not None]
        added = parts[0] if len(parts) == 1 else parts[0] + parts[1].float()
        shape = (len(queries), attention.n_heads, *lengths)
        # The sum of two lowest numbers would overflow; a large number is enough.
        added = added.float().clamp(min=lowest / 2).expand(shape).reshape(-1, *lengths)
    return _Bias(learned, added)


def _feed_forward_layer(
    layer: Any, plain: Callable[..., Any], activation: str, hidden_states: torch.Tensor
) -> Any:
    """Run T5LayerFF, gated or not."""
    if not _is_wanted(layer, hidden_states):
        return plain(hidden_states)
    dense = layer.DenseReluDense
    is_gated = hasattr(dense, "wi_0")
    inner = (dense.wi_0.weight, dense.wi_1.weight) if is_gated else (dense.wi.weight, None)
    settings = Settings(
        _products_dtype(), layer.layer_norm.variance_epsilon, 1, dense.dropout.p, layer.dropout.p
    )
    with torch.autocast("cpu", enabled=False):
        # torch leaves apply() without types.
        return FeedForward.apply(  # type: ignore[no-untyped-call]
            hidden_states, layer.layer_norm.weight, *inner, dense.wo.weight,
            activation, settings,
        )  # fmt: skip

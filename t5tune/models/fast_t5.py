"""The sublayers of T5 and mT5 in fewer and cheaper steps, for training on a CPU.

A small model's step on a CPU is less matrix product than everything around it: thousands of small
operations, casts between dtypes, masks made of booleans, which torch converts one by one. Here
each sublayer (norm, attention or feed-forward, dropout, residual) is one function with its
gradient written out: products run in the dtype of autocast, everything elementwise in fp32, q, k
and v are one product. The result is that of the plain layers to rounding
(tests/unit/models/test_fast_t5.py); what it gains stands in docs/benchmarks.md.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from transformers import PreTrainedModel
from transformers.activations import ACT2FN

from t5tune.models.fast_t5_functions import Attention, FeedForward, Settings
from t5tune.models.fast_t5_parts import ACTIVATIONS

MODEL_TYPES = ("t5", "mt5")


@dataclass
class _Bias:
    """What a stack adds to its attention scores; takes the place of the library's position bias.

    Attributes:
        learned: Relative position bias, shape (1, num_heads, query_length, key_length), or None.
        added: It and the mask, shape (batch_size * num_heads, query_length, key_length), or None.
    """

    learned: torch.Tensor | None
    added: torch.Tensor | None


def use_fast_sublayers(model: PreTrainedModel) -> int:
    """Let the sublayers of a model train faster on a CPU; everything else stays as it is.

    On a GPU, without gradients, with a cache, while compiling, or with attentions asked for, the
    layers run as the library wrote them.

    Args:
        model: Any; nothing happens unless it is a T5 or mT5 with an activation that is known here.

    Returns:
        How many sublayers there are.
    """
    if model.config.model_type not in MODEL_TYPES or _activation(model) is None:
        return 0
    count = 0
    for stack in (model.get_encoder(), model.get_decoder()):
        for block in stack.block:
            *attentions, feed_forward = block.layer
            for layer in attentions:
                layer.forward = functools.partial(_attention_layer, layer, layer.forward)
            feed_forward.forward = functools.partial(
                _feed_forward_layer, feed_forward, feed_forward.forward
            )
            count += len(block.layer)
    return count


def _activation(model: PreTrainedModel) -> str | None:
    """The name under which the derivative of the model's activation is known here."""
    name: str = model.config.dense_act_fn
    return name if name in ACTIVATIONS and name in ACT2FN else None


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
    """T5LayerSelfAttention, or T5LayerCrossAttention if there are key_value_states."""
    of_other_kind = isinstance(position_bias, torch.Tensor)
    if (
        not _is_wanted(layer, hidden_states)
        or past_key_values is not None
        or of_other_kind
        or others.get("output_attentions")
    ):
        if key_value_states is not None:
            others["key_value_states"] = key_value_states
        return plain(
            hidden_states, attention_mask=attention_mask, position_bias=position_bias,
            past_key_values=past_key_values, **others,
        )  # fmt: skip
    is_self = key_value_states is None
    attention = layer.SelfAttention if is_self else layer.EncDecAttention
    keys = hidden_states if is_self else key_value_states
    bias = position_bias or _prepare_bias(attention, hidden_states, keys, attention_mask)
    dtype = _products_dtype()
    with torch.autocast("cpu", enabled=False):
        output = Attention.apply(  # type: ignore[no-untyped-call]
            hidden_states,
            None if is_self else key_value_states,
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
    attention: Any, queries: torch.Tensor, keys: torch.Tensor | None, mask: torch.Tensor | None
) -> _Bias:
    """Bias and mask of all layers of a stack; the library's create_position_bias_mask, in fp32."""
    assert keys is not None
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
        # The sum of two lowest numbers is no number: one that is large enough does as well.
        added = added.float().clamp(min=lowest / 2).expand(shape).reshape(-1, *lengths)
    return _Bias(learned, added)


def _feed_forward_layer(layer: Any, plain: Callable[..., Any], hidden_states: torch.Tensor) -> Any:
    """T5LayerFF, gated or not."""
    if not _is_wanted(layer, hidden_states):
        return plain(hidden_states)
    dense = layer.DenseReluDense
    is_gated = hasattr(dense, "wi_0")
    inner = (dense.wi_0.weight, dense.wi_1.weight) if is_gated else (dense.wi.weight, None)
    config = Settings(
        _products_dtype(), layer.layer_norm.variance_epsilon, 1, dense.dropout.p, layer.dropout.p
    )
    with torch.autocast("cpu", enabled=False):
        return FeedForward.apply(  # type: ignore[no-untyped-call]
            hidden_states, layer.layer_norm.weight, *inner, dense.wo.weight,
            _name_of(dense.act), config,
        )  # fmt: skip


@functools.cache
def _names_of_activations() -> dict[type, str]:
    return {type(ACT2FN[name]): name for name in ACTIVATIONS if name in ACT2FN}


def _name_of(activation: torch.nn.Module) -> str:
    return _names_of_activations()[type(activation)]

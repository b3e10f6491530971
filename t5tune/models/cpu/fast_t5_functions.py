"""The sublayers of `fast_t5` as functions with gradients of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import linear

from t5tune.models.cpu.dropout import draw_mask
from t5tune.models.cpu.fast_t5_parts import (
    ACTIVATIONS,
    SavedAttention,
    add_to_residual,
    attend,
    attend_backward,
    cast_weights,
    join_heads,
    norm,
    norm_backward,
    split_heads,
    weight_gradient,
)
from t5tune.models.cpu.rows import fill_rows


@dataclass(frozen=True)
class Settings:
    """Settings of one sublayer."""

    dtype: torch.dtype  # of the matrix products
    epsilon: float  # of the norm
    num_heads: int
    inner_dropout: float  # of attention probabilities, or of the feed-forward's inner layer
    outer_dropout: float  # before the residual


class Attention(torch.autograd.Function):
    """x + dropout(attention(norm(x))), over x itself or over the encoder's states."""

    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        memory: torch.Tensor | None,
        norm_weight: torch.Tensor,
        q: torch.Tensor,
        k: torch.Tensor,
        v: torch.Tensor,
        o: torch.Tensor,
        learned: torch.Tensor | None,
        added: torch.Tensor | None,
        settings: Settings,
    ) -> torch.Tensor:
        shape, dtype, heads = x.shape, settings.dtype, settings.num_heads
        flat = x.reshape(-1, shape[-1])
        kept_norm, normed = norm(flat, norm_weight, settings.epsilon, dtype)
        if memory is None:
            source, weights = normed, cast_weights(dtype, q, k, v)
            queries, keys, values = split_heads(linear(normed, weights), shape, heads, 3)
            query_weights = None
        else:
            source = fill_rows(memory.reshape(-1, shape[-1]), dtype)
            query_weights, weights = cast_weights(dtype, q), cast_weights(dtype, k, v)
            (queries,) = split_heads(linear(normed, query_weights), shape, heads)
            keys, values = split_heads(linear(source, weights), memory.shape, heads, 2)
        kept, context = attend(queries, keys, values, added, settings.inner_dropout)
        context = join_heads([context], heads, dtype)
        output_weight = cast_weights(dtype, o)
        output, mask = add_to_residual(context, output_weight, flat, settings.outer_dropout)
        # All of them, and not as attributes: otherwise checkpointing could not drop them.
        ctx.save_for_backward(
            norm_weight, mask, *kept_norm, *kept,
            normed, source, context, query_weights, weights, output_weight,
        )  # fmt: skip
        ctx.settings, ctx.shape = settings, shape
        ctx.memory_shape = None if memory is None else memory.shape
        ctx.learned_shape = None if learned is None else learned.shape
        return output.view(shape)

    @staticmethod
    def backward(ctx: Any, *outputs: torch.Tensor) -> tuple[Any, ...]:
        norm_weight, mask, *rest = ctx.saved_tensors
        kept_norm, kept, matrices = rest[:2], SavedAttention(*rest[2:7]), rest[7:]
        normed, source, context, query_weights, weights, output_weight = matrices
        heads, dtype = ctx.settings.num_heads, ctx.settings.dtype
        residual = outputs[0].reshape(-1, ctx.shape[-1])
        gradient = fill_rows(residual if mask is None else residual * mask, dtype)
        grad_o = weight_gradient(gradient, context)
        (grad_context,) = split_heads(gradient @ output_weight, ctx.shape, heads)
        grad_q, grad_k, grad_v, grad_scores = attend_backward(grad_context, kept)
        grad_learned = None
        if ctx.learned_shape is not None:
            grad_learned = grad_scores.view(ctx.shape[0], *ctx.learned_shape[1:]).sum(0)[None]
        inner = grad_q.shape[-1] * heads
        if query_weights is None:
            joined = join_heads([grad_q, grad_k, grad_v], heads, dtype)
            of_q, of_k, of_v = weight_gradient(joined, source).split_with_sizes([inner] * 3)
            grad_normed, grad_memory = joined @ weights, None
        else:
            of_queries = join_heads([grad_q], heads, dtype)
            of_memory = join_heads([grad_k, grad_v], heads, dtype)
            of_q = weight_gradient(of_queries, normed)
            of_k, of_v = weight_gradient(of_memory, source).split_with_sizes([inner] * 2)
            grad_normed = of_queries @ query_weights
            num_memory = ctx.memory_shape[:-1].numel()
            grad_memory = (of_memory @ weights)[:num_memory].float().view(ctx.memory_shape)
        grad_x, grad_norm = norm_backward(grad_normed, residual, norm_weight, *kept_norm)
        return (
            grad_x.view(ctx.shape), grad_memory, grad_norm, of_q, of_k, of_v, grad_o,
            grad_learned, None, None,
        )  # fmt: skip


class FeedForward(torch.autograd.Function):
    """x + dropout(wo(dropout(activation(wi(norm(x)))))), or with a gate activation(wi_0) * wi_1."""

    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        norm_weight: torch.Tensor,
        wi: torch.Tensor,
        gate: torch.Tensor | None,
        wo: torch.Tensor,
        activation: str,
        settings: Settings,
    ) -> torch.Tensor:
        dtype, flat = settings.dtype, x.reshape(-1, x.shape[-1])
        kept_norm, normed = norm(flat, norm_weight, settings.epsilon, dtype)
        inner_weight = cast_weights(dtype, wi) if gate is None else cast_weights(dtype, wi, gate)
        before = linear(normed, inner_weight)
        function = ACTIVATIONS[activation]
        if gate is None:
            inner = function.apply(before)
        else:
            inner = function.apply(before[:, : len(wi)]).mul_(before[:, len(wi) :])
        inner_mask = draw_mask(inner.shape, settings.inner_dropout, dtype)
        if inner_mask is not None:
            inner.mul_(inner_mask)
        outer_weight = cast_weights(dtype, wo)
        output, mask = add_to_residual(inner, outer_weight, flat, settings.outer_dropout)
        # An element that is zero after relu and mask has no gradient, so `inner` is enough.
        argument = inner if gate is None and activation == "relu" else before
        ctx.save_for_backward(
            norm_weight, mask, *kept_norm,
            normed, argument, inner, inner_mask, inner_weight, outer_weight,
        )  # fmt: skip
        ctx.settings, ctx.shape, ctx.num_gated = settings, x.shape, gate is not None and len(wi)
        ctx.function = function
        return output.view(x.shape)

    @staticmethod
    def backward(ctx: Any, *outputs: torch.Tensor) -> tuple[Any, ...]:
        norm_weight, mask, *rest = ctx.saved_tensors
        kept_norm, matrices = rest[:2], rest[2:]
        normed, argument, inner, inner_mask, inner_weight, outer_weight = matrices
        residual = outputs[0].reshape(-1, ctx.shape[-1])
        gradient = residual if mask is None else residual * mask
        gradient = fill_rows(gradient, ctx.settings.dtype)
        grad_wo = weight_gradient(gradient, inner)
        grad_inner = gradient @ outer_weight
        if inner_mask is not None:
            grad_inner.mul_(inner_mask)
        grad_gate = None
        if ctx.num_gated:
            wi_part, gate_part = argument.tensor_split([ctx.num_gated], dim=1)
            grad_before = torch.empty_like(argument)
            torch.mul(grad_inner, ctx.function.apply(wi_part), out=grad_before[:, ctx.num_gated :])
            grad_before[:, : ctx.num_gated] = ctx.function.backward(grad_inner * gate_part, wi_part)
            grad_wi, grad_gate = weight_gradient(grad_before, normed).split_with_sizes(
                [ctx.num_gated] * 2
            )
        else:
            grad_before = ctx.function.backward(grad_inner, argument)
            grad_wi = weight_gradient(grad_before, normed)
        grad_x, grad_norm = norm_backward(
            grad_before @ inner_weight, residual, norm_weight, *kept_norm
        )
        return grad_x.view(ctx.shape), grad_norm, grad_wi, grad_gate, grad_wo, None, None

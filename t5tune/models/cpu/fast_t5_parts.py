"""Pieces of `fast_t5`: norm, attention and activations with their gradients, on plain tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch.nn.functional import gelu, linear

from t5tune.models.cpu.dropout import draw_mask
from t5tune.models.cpu.rows import fill_rows, round_rows


class Activation(NamedTuple):
    """A function, which may work in place, and its derivative.

    The latter is a function of the gradient and the former's argument (or, for relu, its result).
    """

    apply: Callable[[torch.Tensor], torch.Tensor]
    backward: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


ACTIVATIONS = {
    "relu": Activation(torch.relu, partial(torch.ops.aten.threshold_backward, threshold=0.0)),
    "gelu_new": Activation(
        partial(gelu, approximate="tanh"),
        partial(torch.ops.aten.gelu_backward, approximate="tanh"),
    ),
}


class SavedAttention(NamedTuple):
    """Tensors saved for the gradient of attention; rows are batch_size * num_heads."""

    queries: torch.Tensor  # shape (rows, query_length, d_kv)
    keys: torch.Tensor  # shape (rows, key_length, d_kv)
    values: torch.Tensor  # like the keys
    probabilities: torch.Tensor  # shape (rows, query_length, key_length), before dropout
    mask: torch.Tensor | None  # scaled mask of dropout; None without dropout


def norm(
    x: torch.Tensor, weight: torch.Tensor, epsilon: float, dtype: torch.dtype
) -> tuple[tuple[torch.Tensor, torch.Tensor], torch.Tensor]:
    """Apply root mean square norm (Zhang and Sennrich 2019) to rows.

    Args:
        x: Shape (num_rows, d_model), fp32.
        weight: Shape (d_model,).
        epsilon: Number added to the mean square.
        dtype: Dtype of the normed rows, which are returned after what the gradient needs, with
            more rows (see `fill_rows`).
    """
    mean_square = torch.linalg.vector_norm(x, dim=-1, keepdim=True).square_().div_(x.shape[-1])
    scale = mean_square.add_(epsilon).rsqrt_()
    scaled = x * scale
    return (scaled, scale), fill_rows(scaled * weight, dtype)


def norm_backward(
    gradient: torch.Tensor,
    residual: torch.Tensor,
    weight: torch.Tensor,
    scaled: torch.Tensor,
    scale: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the gradient of the rows, with that of the residual added, and of the weight."""
    gradient = gradient[: len(residual)].float()
    products = gradient * scaled
    means = (products @ weight).div_(weight.numel()).unsqueeze(-1)
    of_rows = (gradient * weight).addcmul_(scaled, means, value=-1.0).mul_(scale).add_(residual)
    return of_rows, products.sum(0)


def cast_weights(dtype: torch.dtype, *weights: torch.Tensor) -> torch.Tensor:
    """Concatenate the weights of several layers with the same input, in one dtype."""
    if len(weights) == 1:
        return weights[0].detach().to(dtype)
    matrix = torch.empty(sum(map(len, weights)), weights[0].shape[1], dtype=dtype)
    start = 0
    for weight in weights:
        matrix[start : start + len(weight)].copy_(weight.detach())
        start += len(weight)
    return matrix


def weight_gradient(gradient: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
    """Return the gradient of a linear layer's weight, in fp32."""
    return (gradient.T @ inputs).float()


def add_to_residual(
    inner: torch.Tensor, weight: torch.Tensor, residual: torch.Tensor, dropout: float
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Return residual + dropout(inner @ weight.T), the end of every sublayer, and the mask."""
    output = linear(inner, weight)[: len(residual)].float()
    mask = draw_mask(output.shape, dropout)
    if mask is None:
        return output.add_(residual), None
    return torch.addcmul(residual, output, mask, out=output), mask


def split_heads(
    projected: torch.Tensor, shape: Sequence[int], num_heads: int, num_parts: int = 1
) -> list[torch.Tensor]:
    """Make rows of the heads, in fp32, in which softmax and small products are faster.

    Args:
        projected: Shape (batch_size * length or more, num_parts * num_heads * d_kv).
        shape: batch_size and length.
        num_heads: Number of heads of each part.
        num_parts: Number of parts, such as q, k and v.

    Returns:
        One tensor for each part, of shape (batch_size * num_heads, length, d_kv).
    """
    batch_size, length = shape[:2]
    d_kv = projected.shape[1] // (num_parts * num_heads)
    projected = projected[: batch_size * length]
    parts = projected.view(batch_size, length, num_parts, num_heads, d_kv).permute(2, 0, 3, 1, 4)
    rows = torch.empty(parts.shape).copy_(parts)  # moved and cast in one step
    return list(rows.flatten(1, 2).unbind())


def join_heads(parts: Sequence[torch.Tensor], num_heads: int, dtype: torch.dtype) -> torch.Tensor:
    """Undo `split_heads`, with rows of zeros after the others (see `round_rows`)."""
    rows, length, d_kv = parts[0].shape
    batch_size = rows // num_heads
    num = batch_size * length
    matrix = torch.empty(round_rows(num, dtype), len(parts) * num_heads * d_kv, dtype=dtype)
    matrix[num:].zero_()
    joined = matrix[:num].view(batch_size, length, len(parts), num_heads, d_kv)
    for number, part in enumerate(parts):
        joined[:, :, number].copy_(part.view(batch_size, num_heads, length, d_kv).transpose(1, 2))
    return matrix


def attend(
    queries: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    added: torch.Tensor | None,
    dropout: float,
) -> tuple[SavedAttention, torch.Tensor]:
    """Return softmax(queries keys^T + added) values, T5's unscaled attention, with dropout.

    Args:
        queries: Shape (rows, query_length, d_kv).
        keys: Shape (rows, key_length, d_kv).
        values: Like the keys.
        added: Bias and mask, shape (rows, query_length, key_length).
        dropout: Dropout of the probabilities.

    Returns:
        The tensors that the gradient needs, and the result, shape (rows, query_length, d_kv).
    """
    if added is None:
        scores = torch.bmm(queries, keys.transpose(1, 2))
    else:
        scores = torch.baddbmm(added, queries, keys.transpose(1, 2))
    probabilities = torch.softmax(scores, dim=-1)
    mask = draw_mask(probabilities.shape, dropout)
    dropped = probabilities if mask is None else probabilities * mask
    return SavedAttention(queries, keys, values, probabilities, mask), torch.bmm(dropped, values)


def attend_backward(
    gradient: torch.Tensor, kept: SavedAttention
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the gradients of queries, keys, values and scores."""
    queries, keys, values, probabilities, mask = kept
    dropped = probabilities if mask is None else probabilities * mask
    of_values = torch.bmm(dropped.transpose(1, 2), gradient)
    of_probabilities = torch.bmm(gradient, values.transpose(1, 2))
    if mask is not None:
        of_probabilities.mul_(mask)
    of_scores = torch._softmax_backward_data(
        of_probabilities, probabilities, -1, probabilities.dtype
    )
    of_queries = torch.bmm(of_scores, keys)
    of_keys = torch.bmm(of_scores.transpose(1, 2), queries)
    return of_queries, of_keys, of_values, of_scores

"""The one definition of the loss: the mean over the target tokens of an optimizer step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from t5tune.data.encoding import IGNORED
from t5tune.models.cpu.rows import fill_rows

# Logits that exist at once: 64 MB on a CPU, where smaller chunks lose more time adding up the
# gradient of the weight than they save (docs/benchmarks.md). The value for GPUs is a guess.
CHUNK_LOGITS_CPU = 1 << 24
CHUNK_LOGITS_GPU = 1 << 27
BLOCK_LOGITS_CPU = 1 << 18  # logits in one softmax: 1 MB stays in a core's cache
LEAST_PROBABILITY = 1e-30  # below, in fp32, a logarithm begins to lose digits

# Returns the sum of the losses of rows of logits, shape (num_rows, vocab_size), which become their
# gradients but for the label smoothing's share of each logit. Takes the logits, the labels of the
# rows and the label smoothing.
LossesInPlace = Callable[[torch.Tensor, torch.Tensor, float], torch.Tensor]


def sum_token_losses(
    logits: torch.Tensor, labels: torch.Tensor, label_smoothing: float = 0.0
) -> torch.Tensor:
    """Return the sum of the cross-entropies of all target tokens in fp32, in nats.

    Dividing by the number of tokens of the optimizer step, and not of the batch, makes
    the gradient independent of how the step is split into batches.

    Args:
        logits: Shape (batch_size, target_length, vocab_size), any floating-point dtype.
        labels: Shape (batch_size, target_length); `IGNORED` marks padding.
        label_smoothing: Share of the probability that is spread evenly over the vocabulary
            (Szegedy et al. 2016).
    """
    return cross_entropy(
        logits.flatten(0, 1).float(),
        labels.flatten(),
        ignore_index=IGNORED,
        reduction="sum",
        label_smoothing=label_smoothing,
    )


def sum_token_losses_chunked(
    hidden_states: torch.Tensor,
    weight: torch.Tensor,
    labels: torch.Tensor,
    label_smoothing: float = 0.0,
    positions: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return `sum_token_losses` of `hidden_states @ weight.T`, with few logits at a time.

    The logits of all tokens never exist at once: each chunk's gradient is computed where its
    loss is, in place, so that the large vocabulary costs its three matrix products and little
    else. Padding is left out before the first of them.

    Args:
        hidden_states: Input of the output layer, shape (batch_size, target_length, d_model).
        weight: Weight of the output layer, shape (vocab_size, d_model).
        labels: Shape (batch_size, target_length); `IGNORED` marks padding.
        label_smoothing: See `sum_token_losses`.
        positions: Result of `find_target_positions`, if it is known; else it is looked for, and a
            GPU waited for.
    """
    if positions is None:
        positions = find_target_positions(labels)
    return sum_row_losses_chunked(
        hidden_states.flatten(0, 1).index_select(0, positions),
        weight,
        labels.flatten().index_select(0, positions),
        label_smoothing,
        _losses_in_place,
    )


def sum_row_losses_chunked(
    rows: torch.Tensor,
    weight: torch.Tensor,
    labels: torch.Tensor,
    label_smoothing: float,
    losses_in_place: LossesInPlace,
    *,
    together: int = 1,
) -> torch.Tensor:
    """Return the sum of the losses of `rows @ weight.T`, with few logits at a time.

    Args:
        rows: Inputs of the output layer, shape (num_rows, d_model).
        weight: Weight of the output layer, shape (vocab_size, d_model).
        labels: Shape (num_rows,).
        label_smoothing: See `sum_token_losses`.
        losses_in_place: Function of the logits of some of the rows.
        together: Number of neighbouring rows that the function needs at a time.
    """
    # torch leaves apply() without types.
    loss: torch.Tensor = _ChunkedLoss.apply(  # type: ignore[no-untyped-call]
        rows, weight, labels, label_smoothing, losses_in_place, together
    )
    return loss


def find_target_positions(labels: torch.Tensor) -> torch.Tensor:
    """Return where the labels are not padding, shape (num_targets,), counted row by row."""
    return labels.flatten().ne(IGNORED).nonzero().squeeze(1)


class _ChunkedLoss(torch.autograd.Function):
    """The output layer and the loss as one function.

    With s the smoothing, V the size of the vocabulary, z the logits of a token and y its label, the
    cross-entropy has the loss logsumexp(z) - (1 - s) z_y - s/V sum(z), and the gradient
    softmax(z) - (1 - s) onehot(y) - s/V, whose last part is added for all tokens at once.
    """

    @staticmethod
    def forward(
        ctx: Any,
        hidden_states: torch.Tensor,
        weight: torch.Tensor,
        labels: torch.Tensor,
        label_smoothing: float,
        losses_in_place: LossesInPlace,
        together: int,
    ) -> torch.Tensor:
        num_tokens, vocab_size = len(labels), len(weight)
        # Under autocast the hidden states are bf16: products in their dtype, sums in fp32.
        matrix = weight.to(hidden_states.dtype)
        loss = torch.zeros((), dtype=torch.float32, device=weight.device)
        of_rows, of_weight = ctx.needs_input_grad[:2]
        needs_gradient = of_rows or of_weight
        rows = hidden_states
        if rows.device.type == "cpu":
            rows = fill_rows(rows, rows.dtype)
        grad_rows, grad_weight = torch.empty_like(rows), None
        limit = CHUNK_LOGITS_GPU if weight.is_cuda else CHUNK_LOGITS_CPU
        size = together * max(1, limit // (together * vocab_size))
        for start in range(0, num_tokens, size):
            chunk = rows[start : start + size]
            logits = chunk @ matrix.T
            of_tokens = logits[: num_tokens - start]  # those of added rows are zero and stay so
            loss += losses_in_place(of_tokens, labels[start : start + size], label_smoothing)
            if not needs_gradient:
                continue
            torch.mm(logits, matrix, out=grad_rows[start : start + size])
            if not of_weight:  # it is frozen
                continue
            if grad_weight is None:
                grad_weight = (logits.T @ chunk).to(weight.dtype)
            elif chunk.dtype == weight.dtype:
                grad_weight.addmm_(logits.T, chunk)
            else:
                grad_weight += logits.T @ chunk
        if grad_weight is None and of_weight:  # no token at all
            grad_weight = torch.zeros_like(weight)
        grad_hidden = grad_rows[:num_tokens]
        if label_smoothing and needs_gradient:
            # The s/V of every logit, for all chunks and the full vocabulary at once.
            grad_hidden -= label_smoothing / vocab_size * matrix.sum(0)
        if label_smoothing and grad_weight is not None:
            grad_weight -= label_smoothing / vocab_size * hidden_states.sum(0)
        ctx.save_for_backward(grad_hidden, grad_weight)
        return loss

    @staticmethod
    def backward(ctx: Any, *outputs: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        (scale,) = outputs
        grad_hidden, grad_weight = ctx.saved_tensors
        of_weight = None if grad_weight is None else grad_weight.mul_(scale)
        return grad_hidden * scale.to(grad_hidden.dtype), of_weight, *[None] * 4


def _losses_in_place(
    logits: torch.Tensor, labels: torch.Tensor, label_smoothing: float
) -> torch.Tensor:
    """Return the sum of the tokens' losses; the logits become softmax(z) - (1 - s) onehot(y).

    The logits have the shape (num_tokens, vocab_size), the labels (num_tokens,), and s is the
    smoothing.
    """
    vocab_size = logits.shape[1]
    block = len(logits) if logits.is_cuda else max(1, BLOCK_LOGITS_CPU // vocab_size)
    loss = torch.zeros((), dtype=torch.float32, device=logits.device)
    for start in range(0, len(logits), block):
        rows = logits[start : start + block]
        target = labels[start : start + block, None]
        z = rows.float()
        probabilities, of_target = _softmax(z, target)
        loss -= of_target.sum() * (1 - label_smoothing)
        if label_smoothing:
            # log p = z - log(sum(exp(z))), and the sum is that of the target.
            of_all = z.sum() - vocab_size * (z.gather(1, target) - of_target).sum()
            loss -= label_smoothing / vocab_size * of_all
        hits = torch.full_like(target, label_smoothing - 1, dtype=torch.float32)
        rows.copy_(probabilities.scatter_add_(1, target, hits))
    return loss


def _softmax(z: torch.Tensor, target: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return probabilities, and the log-probabilities of the targets, shape (num_tokens, 1)."""
    if not z.is_cuda:
        probabilities = torch.softmax(z, dim=1)
        of_target = probabilities.gather(1, target)
        if of_target.min() > LEAST_PROBABILITY:
            return probabilities, of_target.log()
    log_p = torch.log_softmax(z, dim=1)
    return log_p.exp(), log_p.gather(1, target)

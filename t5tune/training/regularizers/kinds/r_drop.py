"""R-Drop (Liang et al. 2021): outputs that do not depend on which units dropout leaves.

Each batch has every row twice, so that one pass draws two dropout masks for it. The loss is half
of the paper's, (CE1 + CE2 + alpha/2 (KL12 + KL21)) / 2, so that without divergence it is the
ordinary one; the paper's weights keep their meaning.
"""

from __future__ import annotations

import torch

from t5tune.data.batching.steps import Batch
from t5tune.errors import T5TuneError
from t5tune.training.regularizers.regularizer import Regularizer, RunParts
from t5tune.training.step.loss import (
    BLOCK_LOGITS_CPU,
    find_target_positions,
    sum_row_losses_chunked,
    sum_token_losses,
)
from t5tune.training.step.objective import TARGET_POSITIONS, Objective

NAME = "r_drop"


class RDrop(Objective):
    """The mean cross-entropy of two passes, and their divergence.

    Args:
        label_smoothing: Smoothing of the cross-entropies.
        alpha: Weight of the divergence, as in the paper.
    """

    def __init__(self, label_smoothing: float, alpha: float) -> None:
        super().__init__(label_smoothing)
        self.alpha = alpha
        self._divergence = torch.zeros(())  # KL12 + KL21 of the last sum

    def prepare(self, inputs: Batch) -> Batch:
        """Return a batch with all rows, and then all rows again."""
        doubled = {name: torch.cat([tensor, tensor]) for name, tensor in inputs.items()}
        if TARGET_POSITIONS in inputs:
            first = inputs[TARGET_POSITIONS]
            doubled[TARGET_POSITIONS] = torch.cat([first, first + inputs["labels"].numel()])
        return doubled

    def sum(self, logits: torch.Tensor, inputs: Batch) -> torch.Tensor:
        """Return the sum over the target tokens of one of the passes."""
        labels = inputs["labels"]
        pairs = _find_pairs(inputs)
        log_p = logits.flatten(0, 1).index_select(0, pairs).float().log_softmax(dim=1)
        divergence = _diverge(log_p, log_p.exp())[0]
        self._divergence = divergence.detach()
        cross_entropy = sum_token_losses(logits, labels, self.label_smoothing)
        return (cross_entropy + self.alpha / 2 * divergence) / 2

    def sum_chunked(
        self, hidden_states: torch.Tensor, weight: torch.Tensor, inputs: Batch
    ) -> torch.Tensor:
        """Return the same from what the output layer reads, and from its weight."""
        pairs = _find_pairs(inputs)
        self._divergence = torch.zeros((), device=weight.device)
        loss = sum_row_losses_chunked(
            hidden_states.flatten(0, 1).index_select(0, pairs),
            weight,
            inputs["labels"].flatten().index_select(0, pairs),
            self.label_smoothing,
            self._losses_in_place,
            together=2,
        )
        return loss / 2

    def take_terms(self) -> dict[str, torch.Tensor]:
        """Return the part of the last sum that the divergence is."""
        return {NAME: self.alpha / 4 * self._divergence}

    def _losses_in_place(
        self, logits: torch.Tensor, labels: torch.Tensor, label_smoothing: float
    ) -> torch.Tensor:
        """Return the paper's loss of neighbouring rows, which are one token's; see `LossesInPlace`.

        With d = log p1 - log p2, the divergence is the sum of (p1 - p2) d, and its gradient by the
        first logits p1 (d - sum(p1 d)) + p1 - p2; that by the second has 1 and 2 exchanged.
        """
        vocab_size = logits.shape[1]
        block = len(logits) if logits.is_cuda else 2 * max(1, BLOCK_LOGITS_CPU // (2 * vocab_size))
        total = torch.zeros((), dtype=torch.float32, device=logits.device)
        for start in range(0, len(logits), block):
            rows, target = logits[start : start + block], labels[start : start + block, None]
            log_p = rows.float().log_softmax(dim=1)
            p = log_p.exp()
            divergence, apart, difference = _diverge(log_p, p)
            total += self.alpha / 2 * divergence
            total -= (1 - label_smoothing) * log_p.gather(1, target).sum()
            if label_smoothing:
                total -= label_smoothing / vocab_size * log_p.sum()
            self._divergence = self._divergence + divergence
            gradient = p.view(-1, 2, vocab_size)
            # By row of the pair: d, and -d.
            signed = torch.stack([difference, -difference], dim=1)
            signed -= (gradient * signed).sum(dim=2, keepdim=True)
            gradient = gradient * (1 + self.alpha / 2 * signed)
            gradient[:, 0] += self.alpha / 2 * apart
            gradient[:, 1] -= self.alpha / 2 * apart
            hits = torch.full_like(target, label_smoothing - 1, dtype=torch.float32)
            rows.copy_(gradient.view(-1, vocab_size).scatter_add_(1, target, hits))
        return total


def _find_pairs(inputs: Batch) -> torch.Tensor:
    """Return where the targets of a doubled batch are, those of one token side by side."""
    positions = inputs.get(TARGET_POSITIONS)
    if positions is None:
        positions = find_target_positions(inputs["labels"])
    return positions.view(2, -1).t().flatten()


def _diverge(
    log_p: torch.Tensor, p: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return KL12 + KL21, summed over pairs of rows, and for each pair p1 - p2 and d."""
    apart, difference = p[0::2] - p[1::2], log_p[0::2] - log_p[1::2]
    return (apart * difference).sum(), apart, difference


def _build(alpha: float, parts: RunParts) -> RDrop:
    dropouts = [m.p for m in parts.model.modules() if isinstance(m, torch.nn.Dropout)]
    rates = [getattr(m, "dropout", 0.0) for m in parts.model.modules()]  # of functional dropout
    if not any(rate for rate in (*dropouts, *rates) if isinstance(rate, float)):
        raise T5TuneError(
            "training.regularization.r_drop draws two passes with different dropout together, and "
            "this model has no dropout.",
            next_command="the same command with model.config.dropout_rate=0.1   # dropout in "
            "families other than T5",
        )
    return RDrop(parts.label_smoothing, alpha)


REGULARIZER = Regularizer(build_objective=_build)

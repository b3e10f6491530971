"""Dropout whose masks are cheap on a CPU.

torch draws one random number per element, on one thread, so that dropout takes a third of a
training step or more in a small T5 (docs/benchmarks.md). One byte per element is enough, and one
64-bit draw gives eight.
"""

from __future__ import annotations

import torch

LEVELS = 256


class ByteDropout(torch.nn.Dropout):
    """Inverted dropout (Srivastava et al. 2014) with p rounded to a multiple of 1/256.

    Kept elements are scaled by the inverse of the rounded probability, so the expectation is
    exact. The masks come from torch's random state. GPUs and compilers have faster ways.
    """

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Return a tensor of the same shape and dtype as the input."""
        if not self.training:
            return input
        if input.device.type != "cpu" or torch.compiler.is_compiling():
            return super().forward(input)
        mask = draw_mask(input.shape, self.p, input.dtype)
        return input if mask is None else input * mask


def draw_mask(
    shape: torch.Size, p: float, dtype: torch.dtype = torch.float32
) -> torch.Tensor | None:
    """Draw the factors of inverted dropout on a CPU: 0, or the inverse of the share kept.

    Args:
        shape: Shape of the mask.
        p: Share of elements that are dropped, rounded to a multiple of 1/256; None is returned if
            that is 0.
        dtype: Dtype of the mask.
    """
    threshold = round(p * LEVELS)
    if threshold == 0:
        return None
    if threshold == LEVELS:  # bytes cannot be compared with 256
        return torch.zeros(shape, dtype=dtype)
    num = shape.numel()
    draws = torch.empty((num + 7) // 8, dtype=torch.int64)
    draws.random_(-(2**63), None)  # all 64 bits: the default range leaves the sign bit out
    # Without booleans: torch compares into numbers five times as fast as it casts booleans.
    mask = torch.empty(shape, dtype=dtype)
    torch.ge(draws.view(torch.uint8)[:num].view(shape), threshold, out=mask)
    return mask.mul_(LEVELS / (LEVELS - threshold))


def use_byte_dropout(model: torch.nn.Module) -> None:
    """Replace every dropout layer of a model."""
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if type(child) is torch.nn.Dropout:
                setattr(module, name, ByteDropout(child.p, child.inplace))

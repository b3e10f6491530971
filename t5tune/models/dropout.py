"""Dropout whose masks are cheap on a CPU.

torch draws one random number an element, on one thread: in a small T5 dropout then takes a
third of a training step and more (docs/benchmarks.md). A byte an element is enough, and eight
come out of one 64-bit draw.
"""

from __future__ import annotations

import torch

LEVELS = 256


class ByteDropout(torch.nn.Dropout):
    """Inverted dropout (Srivastava et al. 2014) with p rounded to a multiple of 1/256.

    Kept elements are scaled by the inverse of the rounded probability, so the expectation is
    exact. The masks come from torch's random state. A GPU and a compiler have better ways.
    """

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Same shape and dtype as the input."""
        threshold = round(self.p * LEVELS)
        if not self.training or threshold == 0:
            return input
        if input.device.type != "cpu" or threshold == LEVELS or torch.compiler.is_compiling():
            return super().forward(input)
        num = input.numel()
        draws = torch.empty((num + 7) // 8, dtype=torch.int64)
        draws.random_(-(2**63), None)  # all 64 bits: the default range leaves the sign bit out
        kept = draws.view(torch.uint8)[:num].view(input.shape) >= threshold
        return input * kept.to(input.dtype).mul_(LEVELS / (LEVELS - threshold))


def use_byte_dropout(model: torch.nn.Module) -> int:
    """Replace every dropout layer of a model.

    Returns:
        How many were replaced.
    """
    replaced = 0
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if type(child) is torch.nn.Dropout:
                setattr(module, name, ByteDropout(child.p, child.inplace))
                replaced += 1
    return replaced

"""Compare the weights that two runs ended with."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file


def weights(run: Path) -> dict[str, torch.Tensor]:
    """Return the weights of a run's `model/`."""
    return load_file(run / "model" / "model.safetensors")


def same_weights(run: Path, other: Path) -> bool:
    """Return whether two runs ended with the same weights, bit by bit."""
    a, b = weights(run), weights(other)
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)

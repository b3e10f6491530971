"""Test that the number of processes changes neither loss nor gradients."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from tests import forks


def one_step(
    path: Path, num_processes: int, family: str, batch_size: int, smoothing: float, *others: str
) -> dict[str, Any]:
    arguments = (path, family, str(batch_size), str(smoothing), *others)
    forks.run_ranks(num_processes, "tests.integration.two_processes", *arguments)
    result: dict[str, Any] = torch.load(path)
    return result


@pytest.mark.parametrize(
    ("family", "batch_size", "smoothing", "others"),
    # 30 examples in one batch that is split, in three that are distributed unevenly, in eight.
    [
        ("t5", 30, 0.0, ()),
        ("t5", 10, 0.1, ()),
        ("mt5", 4, 0.0, ()),
        ("t5", 10, 0.1, ("regularized",)),
    ],
)
def test_one_process_or_two(
    family: str, batch_size: int, smoothing: float, others: tuple[str, ...], tmp_path: Path
) -> None:
    one = one_step(tmp_path / "one.pt", 1, family, batch_size, smoothing, *others)
    two = one_step(tmp_path / "two.pt", 2, family, batch_size, smoothing, *others)
    assert two["loss"] == pytest.approx(one["loss"], rel=1e-4)
    assert two["gradients"].keys() == one["gradients"].keys()
    for name, gradient in one["gradients"].items():
        torch.testing.assert_close(two["gradients"][name], gradient, rtol=1e-4, atol=1e-6)


def test_packed_on_two_processes_is_padded_on_one(tmp_path: Path) -> None:
    one = one_step(tmp_path / "one.pt", 1, "t5", 30, 0.1)
    two = one_step(tmp_path / "two.pt", 2, "t5", 0, 0.1)
    assert two["loss"] == pytest.approx(one["loss"], rel=1e-4)
    for name, gradient in one["gradients"].items():
        torch.testing.assert_close(two["gradients"][name], gradient, rtol=1e-3, atol=1e-5)

"""Test that a GPU gets deterministic kernels while it trains, and only then."""

from __future__ import annotations

import os

import pytest
import torch

from t5tune.training import determinism
from t5tune.training.determinism import deterministic_kernels


@pytest.fixture(autouse=True)
def _a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(determinism, "_can_multiply", lambda: True)


def test_kernels_are_deterministic_inside_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    with deterministic_kernels():
        assert torch.are_deterministic_algorithms_enabled()
        assert not torch.is_deterministic_algorithms_warn_only_enabled()
        assert not torch.utils.deterministic.fill_uninitialized_memory
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.utils.deterministic.fill_uninitialized_memory


@pytest.mark.parametrize("reason", ["not wanted", "no GPU"])
def test_other_runs_keep_the_kernels_that_they_have(
    reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: reason != "no GPU")
    with deterministic_kernels(enabled=reason != "not wanted"):
        assert not torch.are_deterministic_algorithms_enabled()


def test_a_process_that_has_multiplied_before_trains_with_a_warning(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """torch reads the variable at its first product, and then refuses every product."""
    monkeypatch.setattr(determinism, "_can_multiply", lambda: False)
    with deterministic_kernels():
        assert not torch.are_deterministic_algorithms_enabled()
    assert "CUBLAS_WORKSPACE_CONFIG=:4096:8" in capsys.readouterr().err

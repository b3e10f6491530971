"""Test that the time of a window contains what a GPU still computes at its end."""

from __future__ import annotations

import pytest
import torch
from transformers import TrainerControl, TrainerState

from t5tune.training.callbacks.throughput import Throughput


def test_a_gpu_is_waited_for_where_a_window_ends_and_nowhere_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits: list[int] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: waits.append(step))
    throughput = Throughput()
    for step in range(1, 5):
        throughput.on_step_begin()
        throughput.on_step_end(None, TrainerState(), TrainerControl(should_log=step % 2 == 0))
    assert waits == [2, 4]
    assert throughput.seconds > 0.0

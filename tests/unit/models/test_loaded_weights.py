"""Test that weights loaded from a file are aligned in memory like those that torch allocates."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from transformers import T5Config, T5ForConditionalGeneration

from t5tune.models.loading import load_model

ALIGNMENT = 64  # bytes; torch's alignment on a CPU


def test_they_are_aligned(tmp_path: Path) -> None:
    """Otherwise sums may be computed in another order, so that a resumed run differs."""
    sizes = {"d_model": 12, "d_kv": 3, "d_ff": 20, "num_layers": 1, "num_heads": 2}
    T5ForConditionalGeneration(T5Config(vocab_size=11, **sizes)).save_pretrained(tmp_path)
    model = load_model(str(tmp_path))
    assert all(parameter.data_ptr() % ALIGNMENT == 0 for parameter in model.parameters())
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight


def test_they_load_without_memory_for_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ulimit -v` may leave space for the weights but not for the stack of another thread."""
    sizes = {"d_model": 12, "d_kv": 3, "d_ff": 20, "num_layers": 1, "num_heads": 2}
    saved = T5ForConditionalGeneration(T5Config(vocab_size=11, **sizes))
    saved.save_pretrained(tmp_path)
    begun = []

    def refuse(thread: threading.Thread) -> None:
        begun.append(thread)
        raise RuntimeError("can't start new thread")

    # Except the thread of the progress display, which copes by itself.
    monkeypatch.setattr(ThreadPoolExecutor, "_adjust_thread_count", refuse)
    model = load_model(str(tmp_path))
    assert begun
    assert "HF_DEACTIVATE_ASYNC_LOAD" not in os.environ
    for name, tensor in saved.state_dict().items():
        assert torch.equal(tensor, model.state_dict()[name])

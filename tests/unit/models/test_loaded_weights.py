"""Weights that come out of a file lie in memory as weights that torch made."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from transformers import T5Config, T5ForConditionalGeneration

from t5tune.models.loading import load_model

ALIGNMENT = 64  # bytes, of what torch allocates on a CPU


def test_they_are_aligned(tmp_path: Path) -> None:
    """Otherwise sums may come out in another order, and resumed runs otherwise than whole ones."""
    sizes = {"d_model": 12, "d_kv": 3, "d_ff": 20, "num_layers": 1, "num_heads": 2}
    T5ForConditionalGeneration(T5Config(vocab_size=11, **sizes)).save_pretrained(tmp_path)
    model = load_model(str(tmp_path))
    assert all(parameter.data_ptr() % ALIGNMENT == 0 for parameter in model.parameters())
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight


def test_they_load_without_memory_for_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ulimit -v` may leave no room for the stack of another thread, but for the weights."""
    sizes = {"d_model": 12, "d_kv": 3, "d_ff": 20, "num_layers": 1, "num_heads": 2}
    saved = T5ForConditionalGeneration(T5Config(vocab_size=11, **sizes))
    saved.save_pretrained(tmp_path)
    begun = []

    def refuse(thread: threading.Thread) -> None:
        begun.append(thread)
        raise RuntimeError("can't start new thread")

    # Not every thread: that of the progress does without one by itself.
    monkeypatch.setattr(ThreadPoolExecutor, "_adjust_thread_count", refuse)
    model = load_model(str(tmp_path))
    assert begun
    assert "HF_DEACTIVATE_ASYNC_LOAD" not in os.environ
    for name, tensor in saved.state_dict().items():
        assert torch.equal(tensor, model.state_dict()[name])

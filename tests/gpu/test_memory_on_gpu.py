"""Test that a batch for which a GPU's memory is too small is computed in pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers as hf
from transformers import TrainerState

from t5tune.data.encoding import Collator
from t5tune.training.checkpoints.writer import CheckpointWriter
from t5tune.training.step.batch_limit import BatchLimit
from t5tune.training.step.gradients import StepGradients
from t5tune.training.step.memory import GpuMemory, find_largest_batch
from tests.gpu.steps import Steps, count_targets, random_dataset

NUM_WORDS = 8000
NUM_ROWS = 256


@pytest.fixture
def steps(gpu: torch.device) -> Iterator[Steps]:
    """Return a model whose batches take far more memory than its weights."""
    torch.manual_seed(0)
    config = hf.T5Config(
        vocab_size=NUM_WORDS, d_model=128, d_kv=32, d_ff=512, num_layers=4, num_heads=4,
        decoder_start_token_id=0,
    )  # fmt: skip
    yield Steps(hf.T5ForConditionalGeneration(config), gpu)
    torch.cuda.set_per_process_memory_fraction(1.0)


def build_batch() -> dict[str, torch.Tensor]:
    dataset = random_dataset(NUM_ROWS, NUM_WORDS, longest=64)
    return Collator(0)([dataset[i] for i in range(NUM_ROWS)])


def measure(compute: Callable[[], Any]) -> tuple[int, int]:
    """Return the bytes in use before, and at the peak of a function."""
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    compute()
    return before, torch.cuda.max_memory_allocated()


def allow(num_bytes: int) -> None:
    """Let this process have so much memory of the GPU."""
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(torch.cuda.current_device()).total_memory
    torch.cuda.set_per_process_memory_fraction(num_bytes / total)


def test_a_step_goes_on_in_pieces_with_the_same_gradient(
    steps: Steps, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    batch = build_batch()
    num_items = count_targets(batch)
    before, peak = measure(lambda: steps.add_gradients(batch, num_items))
    expected = steps.gradient()
    steps.model.zero_grad()
    allow(before + (peak - before) // 2)

    def add(_: torch.nn.Module, piece: Any, num: Any, is_last: bool) -> torch.Tensor:
        return steps.add_gradients(piece, num)

    limit = BatchLimit()
    writer = CheckpointWriter(tmp_path, {}, expected_bytes=0)
    gradients = StepGradients(add, limit, writer, rank=0, num_processes=1)
    gradients.compute_within_memory(steps.model, [batch], num_items, TrainerState())
    difference = (steps.gradient() - expected).norm() / expected.norm()
    record_property("peak MiB", peak >> 20)
    record_property("tokens that fit", limit.tokens)
    record_property("gradient", float(difference))
    assert limit.tokens is not None
    assert difference < 1e-4


def test_the_largest_batch_is_found_within_the_memory(
    steps: Steps, record_property: Callable[[str, object], None]
) -> None:
    batch = build_batch()
    num_items = count_targets(batch)

    def try_rows(rows: int) -> None:
        steps.model.zero_grad()
        steps.add_gradients({name: t[:rows] for name, t in batch.items()}, num_items)

    before, peak = measure(lambda: try_rows(NUM_ROWS))
    steps.model.zero_grad()
    assert find_largest_batch(try_rows, NUM_ROWS, GpuMemory()) == NUM_ROWS
    steps.model.zero_grad()
    allow(before + (peak - before) // 2)
    found = find_largest_batch(try_rows, NUM_ROWS, GpuMemory())
    record_property("rows", f"{found}/{NUM_ROWS}")
    assert NUM_ROWS // 8 <= found < NUM_ROWS

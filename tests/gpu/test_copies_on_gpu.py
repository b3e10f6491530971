"""Test that batches reach a GPU from pinned memory, and that no step waits for a copy."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile

from t5tune.data.batching.plans import FixedSizeBatches
from t5tune.data.batching.steps import OptimizerSteps, StepLoader
from t5tune.data.encoding import Collator
from tests.gpu.steps import Steps, random_dataset
from tests.tiny_families import FAMILIES

MOST_WAITS = 4  # in a step: the library looks at two masks, and the loss counts its tokens twice


def build_loader() -> StepLoader:
    """Return what `build_trainer` builds where there is a GPU."""
    dataset = random_dataset(64, 60)
    plan = FixedSizeBatches(len(dataset), 8, seed=1)
    steps = OptimizerSteps(plan, 2)
    return StepLoader(dataset, steps, Collator(0), num_workers=1, pin_memory=True)


def test_batches_are_pinned_and_copied_without_waiting(
    gpu: torch.device, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    model, _ = FAMILIES["t5"](tmp_path)
    steps = Steps(model, gpu)
    batches = [batch for step in build_loader() for batch in step]
    assert len(batches) == 8
    assert all(tensor.is_pinned() for batch in batches for tensor in batch.values())
    steps.train(batches[:2])
    torch.cuda.synchronize()
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as profiled:
        for batch in batches:
            steps.step(batch)
        torch.cuda.synchronize()
    copies = [event.name for event in profiled.events() if event.name.startswith("Memcpy HtoD")]
    record_property("copies", len(copies))
    pinned = [name for name in copies if "Pinned" in name]
    assert len(pinned) >= 3 * len(batches)


def test_a_step_waits_for_the_gpu_only_where_it_looks_at_values(
    gpu: torch.device, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    model, _ = FAMILIES["t5"](tmp_path)
    steps = Steps(model, gpu, optim="adafactor")
    batches = [batch for step in build_loader() for batch in step]
    steps.train(batches[:2])
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            steps.step(batches[2])
    finally:
        torch.cuda.set_sync_debug_mode("default")
    waits = [str(warning.message) for warning in found if "synchroniz" in str(warning.message)]
    record_property("waits", len(waits))
    assert len(waits) <= MOST_WAITS, waits

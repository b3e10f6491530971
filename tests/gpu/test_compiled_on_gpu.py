"""Test that compiled stacks train on packed rows without being compiled again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from t5tune.data.batching.packing import PackedBatches, PackedCollator, choose_row_lengths
from t5tune.models.compiled import compile_stacks
from t5tune.models.packed import accept_packed_rows
from tests.gpu.steps import Steps, random_dataset
from tests.tiny_families import FAMILIES

NUM_STEPS = 50
NUM_FIRST = 3  # steps after which everything is compiled


@pytest.mark.parametrize("bf16", [False, True], ids=["fp32", "bf16"])
def test_fifty_packed_steps_compile_nothing_new(
    bf16: bool,
    device: torch.device,
    in_bf16: None,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    if device.type == "cpu" and shutil.which("g++") is None:
        pytest.skip("it needs a C++ compiler on a CPU")
    if device.type == "cpu" and bf16:
        pytest.skip("a minute of compiling, for what the other one shows on a CPU")
    torch._dynamo.reset()
    counters = torch._dynamo.utils.counters
    counters.clear()
    torch.manual_seed(0)
    model, _ = FAMILIES["t5"](tmp_path)
    dataset = random_dataset(300, 60)
    lengths = dataset.sources.lengths, dataset.targets.lengths
    plan = PackedBatches(*lengths, choose_row_lengths(*lengths), tokens_per_batch=400, seed=1)
    collate = PackedCollator(0, 0, plan.row_lengths, plan.rows_per_batch)
    epochs = [plan.plan_epoch(epoch) for epoch in range(10)]
    rows = [batch for epoch in epochs for batch in epoch][:NUM_STEPS]
    batches = [collate([dataset[row] for row in batch]) for batch in rows]
    assert len(batches) == NUM_STEPS

    plain, compiled = (Steps(model, device, bf16=bf16) for _ in range(2))
    compile_stacks(compiled.model)
    for one in (plain, compiled):
        accept_packed_rows(one.model)
    expected = plain.train(batches)
    found = compiled.train(batches[:NUM_FIRST])
    graphs = counters["stats"]["unique_graphs"]
    with torch._dynamo.config.patch(error_on_recompile=True):
        found.losses.extend(compiled.train(batches[NUM_FIRST:]).losses)
    loss, gradient = found.compare(expected)
    record_property("graphs", graphs)
    record_property("loss", loss)
    assert counters["stats"]["unique_graphs"] == graphs > 0
    assert loss < (2e-2 if bf16 else 1e-3)
    assert gradient < (5e-2 if bf16 else 1e-3)

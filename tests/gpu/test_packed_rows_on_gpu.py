"""Test that packed rows compute on a GPU what their examples alone compute on a CPU."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from t5tune.data.batching.packing import PackedBatches, PackedCollator, choose_row_lengths
from t5tune.data.batching.steps import Batch
from t5tune.data.encoding import Collator
from t5tune.models.packed import accept_packed_rows
from tests.gpu.steps import Steps, count_targets, random_dataset
from tests.tiny_families import FAMILIES

CPU = torch.device("cpu")
NUM_EXAMPLES = 23


def build_batches() -> tuple[Batch, list[Batch]]:
    """Return the examples as one batch, and packed into batches."""
    dataset = random_dataset(NUM_EXAMPLES, 60)
    lengths = dataset.sources.lengths, dataset.targets.lengths
    plan = PackedBatches(*lengths, choose_row_lengths(*lengths), tokens_per_batch=400, seed=1)
    collate = PackedCollator(0, 0, plan.row_lengths, plan.rows_per_batch)
    packed = [collate([dataset[row] for row in rows]) for rows in plan.plan_epoch(0)]
    return Collator(0)([dataset[i] for i in range(NUM_EXAMPLES)]), packed


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
@pytest.mark.parametrize(("precision", "tolerance"), [("fp32", 1e-4), ("bf16", 5e-2)])
@pytest.mark.parametrize("family", ["t5", "mt5", "umt5"])
def test_packed_gradients_equal_those_of_a_padded_batch_on_the_cpu(
    family: str,
    precision: str,
    tolerance: float,
    attention: str,
    device: torch.device,
    in_bf16: None,
    tmp_path: Path,
) -> None:
    torch.manual_seed(0)
    model, _ = FAMILIES[family](tmp_path)
    padded, packed = build_batches()
    num_items = count_targets(padded)
    assert len(packed) > 1
    expected = Steps(model, CPU)
    loss = float(expected.add_gradients(padded, num_items))

    model.set_attn_implementation(attention)
    found = Steps(model, device, bf16=precision == "bf16")
    accept_packed_rows(found.model)
    total = sum(float(found.add_gradients(batch, num_items)) for batch in packed)
    assert total == pytest.approx(loss, rel=tolerance)
    difference = (found.gradient() - expected.gradient()).norm() / expected.gradient().norm()
    assert float(difference) <= tolerance

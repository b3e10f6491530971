"""Test packed rows: every example once, no row too long, hardly any padding."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from t5tune.data.batching.packing import PackedBatches, PackedCollator, choose_row_lengths
from t5tune.data.encoding import EncodedDataset, TokenSequences


def lengths(num: int = 3000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return lengths like those of captions: about 14 tokens, similar on both sides."""
    generator = np.random.default_rng(seed)
    source = np.clip(generator.normal(14, 5, num).round(), 3, 45).astype(np.int64)
    target = np.clip((source * generator.normal(1.1, 0.2, num)).round(), 3, 50).astype(np.int64)
    return source, target


def list_epoch(plan: PackedBatches, epoch: int) -> list[list[list[int]]]:
    return [[row.tolist() for row in batch] for batch in plan.plan_epoch(epoch)]


@pytest.mark.parametrize("num", [1, 2, 17, 3000])
def test_every_example_once_and_no_row_too_long(num: int) -> None:
    source, target = lengths(num)
    rows = choose_row_lengths(source, target)
    plan = PackedBatches(source, target, rows, tokens_per_batch=1000, seed=1)
    for epoch in range(3):
        batches = list_epoch(plan, epoch)
        assert len(batches) == len(plan)
        assert all(len(batch) <= plan.rows_per_batch for batch in batches)
        seen = [i for batch in batches for row in batch for i in row]
        assert sorted(seen) == list(range(num))
        for batch in batches:
            for row in batch:
                assert row
                assert source[row].sum() <= rows[0]
                assert target[row].sum() <= rows[1]
    assert list_epoch(plan, 2) == batches, "asked again, an epoch is the same"


def test_epochs_differ_and_a_seed_repeats_them() -> None:
    source, target = lengths(200)
    plans = [PackedBatches(source, target, (64, 64), 500, seed) for seed in (1, 1, 2)]
    assert list_epoch(plans[0], 3) == list_epoch(plans[1], 3)
    assert list_epoch(plans[0], 3) != list_epoch(plans[2], 3)
    assert list_epoch(plans[0], 3) != list_epoch(plans[0], 4)


def test_hardly_any_padding() -> None:
    source, target = lengths()
    rows = choose_row_lengths(source, target)
    plan = PackedBatches(source, target, rows, tokens_per_batch=2000, seed=1)
    positions = len(plan) * plan.rows_per_batch * sum(rows)
    assert (source.sum() + target.sum()) / positions > 0.9


def test_the_tensors_of_a_row() -> None:
    dataset = EncodedDataset(
        TokenSequences([[5, 1], [6, 7, 1]]), TokenSequences([[8, 9, 1], [4, 1]])
    )
    collate = PackedCollator(0, 3, (8, 6), rows_per_batch=2)
    batch = collate([dataset[[0, 1]]])
    assert {name: tensor.dtype for name, tensor in batch.items()} == dict.fromkeys(
        batch, torch.int64
    )
    assert batch["input_ids"].tolist() == [[5, 1, 6, 7, 1, 0, 0, 0], [0] * 8]
    assert batch["source_segments"].tolist() == [[1, 1, 2, 2, 2, 0, 0, 0], [0] * 8]
    assert batch["labels"].tolist() == [[8, 9, 1, 4, 1, -100], [-100] * 6]
    assert batch["decoder_input_ids"].tolist() == [[3, 8, 9, 3, 4, 0], [0] * 6]
    assert batch["target_segments"].tolist() == [[1, 1, 1, 2, 2, 0], [0] * 6]
    assert batch["attention_mask"].sum() == 5

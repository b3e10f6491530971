"""Test that packed rows compute the same as their examples alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import (
    MT5Config,
    MT5ForConditionalGeneration,
    PreTrainedModel,
    T5Config,
    T5ForConditionalGeneration,
    UMT5Config,
    UMT5ForConditionalGeneration,
)

from t5tune.data.batching.packing import PackedBatches, PackedCollator, choose_row_lengths
from t5tune.data.encoding import Collator, EncodedDataset, TokenSequences
from t5tune.models.packed import accept_packed_rows
from t5tune.training.step.loss import sum_token_losses

SIZES = {
    "vocab_size": 40, "d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2,
    "dropout_rate": 0.0, "decoder_start_token_id": 0, "pad_token_id": 0,
}  # fmt: skip
CLASSES = {
    "t5": (T5Config, T5ForConditionalGeneration),
    "mt5": (MT5Config, MT5ForConditionalGeneration),
    "umt5": (UMT5Config, UMT5ForConditionalGeneration),
}


def build(family: str, attention: str) -> PreTrainedModel:
    config_class, model_class = CLASSES[family]
    torch.manual_seed(0)
    config = config_class(**SIZES)
    config._attn_implementation = attention
    return model_class(config)


def gradients(model: PreTrainedModel) -> dict[str, torch.Tensor]:
    return {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("family", list(CLASSES))
def test_loss_and_gradients_are_those_of_padded_batches(
    family: str, smoothing: float, attention: str
) -> None:
    generator = np.random.default_rng(0)
    dataset = EncodedDataset(
        *(
            TokenSequences(
                [generator.integers(3, 40, n).tolist() for n in generator.integers(2, 20, 23)]
            )
            for _ in range(2)
        )
    )
    lengths = dataset.sources.lengths, dataset.targets.lengths
    plan = PackedBatches(*lengths, choose_row_lengths(*lengths), tokens_per_batch=10_000, seed=1)
    assert len(plan) == 2
    collate = PackedCollator(0, 0, plan.row_lengths, plan.rows_per_batch)

    model = build(family, attention)
    batch = Collator(0)([dataset[i] for i in range(23)])
    logits = model(
        input_ids=batch["input_ids"],
        attention_mask=batch["attention_mask"],
        decoder_input_ids=model.prepare_decoder_input_ids_from_labels(batch["labels"]),
    ).logits
    expected = sum_token_losses(logits, batch["labels"], smoothing)
    expected.backward()
    expected_gradients = gradients(model)

    model.zero_grad()
    accept_packed_rows(model)
    total = torch.zeros(())
    for rows in plan.plan_epoch(0):
        packed = collate([dataset[row] for row in rows])
        labels = packed.pop("labels")
        del packed["attention_mask"]
        loss = sum_token_losses(model(**packed).logits, labels, smoothing)
        loss.backward()
        total += loss.detach()
    assert total.item() == pytest.approx(expected.item(), rel=1e-5)
    for name, gradient in gradients(model).items():
        torch.testing.assert_close(gradient, expected_gradients[name], rtol=1e-4, atol=1e-4)

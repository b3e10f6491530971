"""Test that the loss and gradient of an optimizer step do not depend on how it is split."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    PreTrainedModel,
    Seq2SeqTrainingArguments,
    T5Config,
    T5ForConditionalGeneration,
    TrainerCallback,
)

from t5tune.data.batching.plans import FixedSizeBatches
from t5tune.data.batching.steps import OptimizerSteps, StepLoader
from t5tune.data.encoding import Collator, EncodedDataset, TokenSequences
from t5tune.training.checkpoints.saving import CheckpointSaver
from t5tune.training.checkpoints.writer import CheckpointWriter
from t5tune.training.step import loss as loss_module
from t5tune.training.step.batch_loss import BatchLoss
from t5tune.training.step.loss import sum_token_losses, sum_token_losses_chunked
from t5tune.training.step.objective import Objective
from t5tune.training.strategies.strategy import Strategy
from t5tune.training.trainer import T5TuneTrainer


def build(family: str) -> PreTrainedModel:
    torch.manual_seed(0)
    if family == "t5":
        return T5ForConditionalGeneration(
            T5Config(
                vocab_size=40, d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2,
                dropout_rate=0.0, decoder_start_token_id=0,
            )
        )  # fmt: skip
    return BartForConditionalGeneration(
        BartConfig(
            vocab_size=40, d_model=16, encoder_layers=1, decoder_layers=1, encoder_ffn_dim=32,
            decoder_ffn_dim=32, encoder_attention_heads=2, decoder_attention_heads=2,
            dropout=0.0, max_position_embeddings=64,
        )
    )  # fmt: skip


@pytest.fixture(scope="module")
def examples() -> EncodedDataset:
    generator = np.random.default_rng(0)
    sides = [
        TokenSequences(
            [generator.integers(3, 40, n).tolist() for n in generator.integers(2, 12, 32)]
        )
        for _ in range(2)
    ]
    return EncodedDataset(*sides)


class Recorder(TrainerCallback):
    """Record the gradients of the first optimizer step, and what is logged."""

    def __init__(self) -> None:
        self.gradients: list[torch.Tensor] = []
        self.loss = 0.0
        self.logs: list[dict[str, float]] = []

    def on_pre_optimizer_step(self, args, state, control, model=None, **_):  # type: ignore[no-untyped-def]
        self.gradients = [p.grad.clone() for p in model.parameters() if p.grad is not None]

    def on_log(self, args, state, control, logs=None, **_):  # type: ignore[no-untyped-def]
        self.loss = logs.get("loss", self.loss)
        self.logs.append(logs)


def first_step(
    family: str, examples: EncodedDataset, batch_size: int, smoothing: float, path: Path
) -> Recorder:
    steps = OptimizerSteps(
        FixedSizeBatches(len(examples), batch_size, seed=1), len(examples) // batch_size
    )
    return train(family, examples, steps, smoothing, path)


def train(
    family: str, examples: EncodedDataset, steps: OptimizerSteps, smoothing: float, path: Path,
    *, max_steps: int = 1, logging_steps: int = 1,
) -> Recorder:  # fmt: skip
    model, recorder = build(family), Recorder()
    arguments = Seq2SeqTrainingArguments(
        output_dir=str(path), max_steps=max_steps,
        logging_steps=logging_steps, max_grad_norm=0.0, report_to="none", use_cpu=True,
        disable_tqdm=True, remove_unused_columns=False, save_strategy="no",
    )  # fmt: skip
    strategy = Strategy(torch.optim.SGD(model.parameters(), lr=0.1))
    trainer = T5TuneTrainer(
        model=model,
        args=arguments,
        tokenizer=None,
        loader=StepLoader(examples, steps, Collator(0)),
        strategy=strategy,
        validate=dict,
        label_smoothing=smoothing,
        saver=CheckpointSaver(CheckpointWriter(path, {}), 1, strategy, None, None),
        callbacks=[recorder],
    )
    trainer.train()
    return recorder


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("family", ["t5", "bart"])
def test_accumulation_changes_neither_loss_nor_gradient(
    family: str, smoothing: float, examples: EncodedDataset, tmp_path: Path
) -> None:
    whole = first_step(family, examples, 32, smoothing, tmp_path)
    model = build(family)
    batch = Collator(0)([examples[i] for i in range(32)])
    logits = model(
        input_ids=batch["input_ids"],
        attention_mask=batch["attention_mask"],
        decoder_input_ids=model.prepare_decoder_input_ids_from_labels(batch["labels"]),
    ).logits
    num_tokens = int(batch["labels"].ne(-100).sum())
    loss = sum_token_losses(logits, batch["labels"], smoothing) / num_tokens
    loss.backward()
    expected = loss.item()
    # The trainer never forms all of T5's logits, but its loss and gradients are those of the plain
    # computation.
    plain = [p.grad for p in model.parameters() if p.grad is not None]
    for a, b in zip(whole.gradients, plain, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)
    # The Trainer rounds what it logs to four decimals in some versions.
    assert whole.loss == pytest.approx(expected, rel=1e-4)
    for batch_size in (8, 4):
        split = first_step(family, examples, batch_size, smoothing, tmp_path)
        assert split.loss == pytest.approx(whole.loss, rel=1e-4)
        for a, b in zip(split.gradients, whole.gradients, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


def test_a_logged_loss_is_the_mean_over_the_target_tokens_since_the_last_one(
    examples: EncodedDataset, tmp_path: Path
) -> None:
    def run(logging_steps: int) -> list[dict[str, float]]:
        steps = OptimizerSteps(FixedSizeBatches(len(examples), 3, seed=1), 2)  # the last has 2 rows
        sizes = {"max_steps": 7, "logging_steps": logging_steps}
        return train("t5", examples, steps, 0.1, tmp_path, **sizes).logs

    plan = OptimizerSteps(FixedSizeBatches(len(examples), 3, seed=1), 2)
    batches = [step for epoch in range(2) for step in plan.plan_epoch(epoch)][:7]
    tokens = [sum(len(examples[i]["labels"]) for batch in step for i in batch) for step in batches]
    *steps, summary = run(1)
    losses = [line["loss"] for line in steps]
    windows = [line["loss"] for line in run(3)[:-1]]
    assert windows == pytest.approx(
        [np.average(losses[i : i + 3], weights=tokens[i : i + 3]) for i in (0, 3)], rel=1e-6
    )
    assert windows[1] != pytest.approx(np.mean(losses[3:6]), rel=1e-4), "steps of one size"
    assert summary["train_loss"] == pytest.approx(np.average(losses, weights=tokens), rel=1e-6)


def test_the_loss_is_the_sum_over_real_tokens() -> None:
    logits = torch.zeros(1, 3, 4)
    labels = torch.tensor([[1, 2, -100]])
    assert sum_token_losses(logits, labels).item() == pytest.approx(2 * np.log(4))
    assert sum_token_losses(logits, labels, 0.1).item() == pytest.approx(2 * np.log(4))


@pytest.mark.parametrize("chunk_logits", [1, 7 * 50, 1 << 20])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_chunks_change_neither_loss_nor_gradients(
    chunk_logits: int, smoothing: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loss_module, "CHUNK_LOGITS_CPU", chunk_logits)
    torch.manual_seed(0)
    hidden = torch.randn(3, 8, 16, requires_grad=True)
    weight = torch.randn(50, 16, requires_grad=True)
    labels = torch.randint(0, 50, (3, 8))
    labels[1, 5:] = -100
    results = []
    for compute in (
        lambda: sum_token_losses(hidden @ weight.T, labels, smoothing),
        lambda: sum_token_losses_chunked(hidden, weight, labels, smoothing),
    ):
        hidden.grad = weight.grad = None
        loss = compute()
        (loss / 19).backward()
        results.append((loss.detach(), hidden.grad, weight.grad))
    for plain, chunked in zip(*results, strict=True):
        torch.testing.assert_close(plain, chunked, rtol=1e-5, atol=1e-6)


def test_a_gpu_gets_the_positions_of_the_targets_with_the_batch(
    examples: EncodedDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loss is the same, and looks for nothing that a GPU would have to be waited for."""
    model = build("t5")
    batch = Collator(0)([examples[i] for i in range(5)])
    loss = BatchLoss(
        model,
        Strategy(torch.optim.SGD(model.parameters())),
        Objective(0.1),
        bf16=False,
        searches_unused=False,
    )
    expected, _ = loss.sum(model, batch)
    trainer: Any = SimpleNamespace(args=SimpleNamespace(device=torch.device("cuda")))
    with monkeypatch.context() as patch:
        patch.setattr(torch.Tensor, "to", lambda self, *_, **__: self)
        sent = T5TuneTrainer._prepare_inputs(trainer, batch)
    assert sent.keys() - batch.keys() == {"target_positions"}
    monkeypatch.setattr(loss_module, "find_target_positions", None)
    found, _ = loss.sum(model, sent)
    assert found.item() == expected.item()


def test_a_chunked_loss_in_bf16_is_near_the_one_in_fp32() -> None:
    torch.manual_seed(0)
    hidden, weight = torch.randn(2, 9, 16), torch.randn(50, 16, requires_grad=True)
    labels = torch.randint(0, 50, (2, 9))
    exact = sum_token_losses(hidden @ weight.T, labels, 0.1)
    loss = sum_token_losses_chunked(hidden.bfloat16(), weight, labels, 0.1)
    loss.backward()
    assert loss.dtype == weight.grad.dtype == torch.float32
    assert loss.item() == pytest.approx(exact.item(), rel=0.02)


def test_a_batch_of_padding_costs_nothing_and_changes_nothing() -> None:
    hidden, weight = torch.randn(1, 2, 4, requires_grad=True), torch.randn(5, 4, requires_grad=True)
    loss = sum_token_losses_chunked(hidden, weight, torch.full((1, 2), -100), 0.1)
    loss.backward()
    assert loss.item() == 0.0
    assert not hidden.grad.any()
    assert not weight.grad.any()

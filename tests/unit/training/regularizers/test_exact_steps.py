"""Test regularized steps against plain PyTorch on the whole batch, however they are split."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy, kl_div, log_softmax
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    PreTrainedModel,
    Seq2SeqTrainingArguments,
    T5Config,
    T5ForConditionalGeneration,
    TrainerCallback,
)

from t5tune.data.batching.packing import PackedBatches, PackedCollator
from t5tune.data.batching.plans import FixedSizeBatches
from t5tune.data.batching.steps import Batch, OptimizerSteps, StepLoader
from t5tune.data.encoding import Collator, EncodedDataset, TokenSequences
from t5tune.models.cpu.fast_paths import use_fast_paths
from t5tune.models.packed import accept_packed_rows
from t5tune.training.checkpoints.saving import CheckpointSaver
from t5tune.training.checkpoints.writer import CheckpointWriter
from t5tune.training.regularizers.in_force import Regularization
from t5tune.training.regularizers.kinds.r_drop import RDrop
from t5tune.training.regularizers.perturbed_passes import PerturbedPasses
from t5tune.training.step import loss as loss_module
from t5tune.training.step.batch_limit import BatchLimit
from t5tune.training.strategies.strategy import Strategy
from t5tune.training.trainer import T5TuneTrainer

NUM_EXAMPLES = 12
SMOOTHING, ALPHA = 0.1, 3.0
EPSILON, STEP_SIZE, STEPS = 0.05, 0.04, 3
SIZES: dict[str, Any] = {"d_model": 16, "vocab_size": 40, "pad_token_id": 0}


def build(family: str) -> PreTrainedModel:
    torch.manual_seed(0)
    if family == "bart":
        config = BartConfig(
            **SIZES, encoder_layers=1, decoder_layers=1, encoder_ffn_dim=32, decoder_ffn_dim=32,
            encoder_attention_heads=2, decoder_attention_heads=2, dropout=0.0, init_std=0.3,
            max_position_embeddings=64, decoder_start_token_id=2, scale_embedding=True,
        )  # fmt: skip
        return BartForConditionalGeneration(config)
    config = T5Config(
        **SIZES, d_kv=8, d_ff=32, num_layers=1, num_heads=2, dropout_rate=0.0,
        decoder_start_token_id=0, tie_word_embeddings=family != "untied",
    )  # fmt: skip
    return T5ForConditionalGeneration(config)


@pytest.fixture(scope="module")
def examples() -> EncodedDataset:
    generator = np.random.default_rng(0)
    lengths = generator.integers(2, 9, (2, NUM_EXAMPLES))
    sides = [
        TokenSequences([generator.integers(3, 40, n).tolist() for n in side]) for side in lengths
    ]
    return EncodedDataset(*sides)


class Recorder(TrainerCallback):
    def __init__(self) -> None:
        self.gradients: dict[str, torch.Tensor] = {}
        self.logs: dict[str, float] = {}

    def on_pre_optimizer_step(self, args, state, control, model=None, **_):  # type: ignore[no-untyped-def]
        self.gradients = {n: p.grad.clone() for n, p in model.named_parameters()}

    def on_log(self, args, state, control, logs=None, **_):  # type: ignore[no-untyped-def]
        self.logs = logs if "loss" in logs else self.logs


def first_step(
    model: PreTrainedModel, examples: EncodedDataset, form: str, path: Path,
    regularization: Regularization,
) -> Recorder:  # fmt: skip
    """Compute a step of all examples, in one batch, in several, in pieces, or in packed rows."""
    plan: Any = FixedSizeBatches(NUM_EXAMPLES, 4 if form == "batches" else NUM_EXAMPLES, seed=1)
    collate: Any = Collator(0)
    if form == "packed":
        accept_packed_rows(model)
        lengths = examples.sources.lengths, examples.targets.lengths
        plan = PackedBatches(*lengths, (16, 16), tokens_per_batch=64, seed=1)
        collate = PackedCollator(0, 0, plan.row_lengths, plan.rows_per_batch)
    limit = BatchLimit()
    limit.tokens = 40 if form == "pieces" else None
    recorder = Recorder()
    strategy = Strategy(torch.optim.SGD(model.parameters(), lr=0.1))
    arguments = Seq2SeqTrainingArguments(
        output_dir=str(path), max_steps=1, logging_steps=1, max_grad_norm=0.0, report_to="none",
        use_cpu=True, disable_tqdm=True, remove_unused_columns=False, save_strategy="no",
    )  # fmt: skip
    T5TuneTrainer(
        model=model,
        args=arguments,
        tokenizer=None,
        loader=StepLoader(examples, OptimizerSteps(plan, len(plan)), collate),
        strategy=strategy,
        validate=dict,
        label_smoothing=SMOOTHING,
        saver=CheckpointSaver(CheckpointWriter(path, {}), 1, strategy, None, None),
        limit=limit,
        regularization=regularization,
        callbacks=[recorder],
    ).train()
    return recorder


def check(found: Recorder, model: PreTrainedModel, loss: torch.Tensor, **terms: float) -> None:
    """Compare gradients and logged numbers with those of a plain computation."""
    for name, parameter in model.named_parameters():
        # The biases of keys have no gradient but rounding.
        torch.testing.assert_close(
            found.gradients[name], parameter.grad, rtol=1e-4, atol=2e-6, msg=lambda m, n=name: n + m
        )
    assert found.logs["loss"] == pytest.approx(loss.item(), rel=1e-5)
    for name, value in terms.items():
        assert found.logs[name] == pytest.approx(value, rel=1e-4), name
        assert abs(value) > 1e-3, "the term is too small to be compared"


def embed(model: PreTrainedModel, batch: Batch) -> list[torch.Tensor]:
    shifted = model.prepare_decoder_input_ids_from_labels(batch["labels"])
    return [
        stack.get_input_embeddings()(ids)
        for stack, ids in (
            (model.get_encoder(), batch["input_ids"]), (model.get_decoder(), shifted)
        )
    ]  # fmt: skip


def plain_logits(
    model: PreTrainedModel, batch: Batch, embeddings: list[torch.Tensor]
) -> torch.Tensor:
    logits: torch.Tensor = model(
        inputs_embeds=embeddings[0], attention_mask=batch["attention_mask"],
        decoder_inputs_embeds=embeddings[1],
    ).logits  # fmt: skip
    return logits


def plain_loss(logits: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Return the mean over target tokens."""
    return cross_entropy(logits.flatten(0, 1), batch["labels"].flatten(), label_smoothing=SMOOTHING)


def train_plainly_against_perturbations(
    model: PreTrainedModel, batch: Batch, num_passes: int, step_size: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Compute the gradients of the mean of all passes; return it and the loss of the first."""
    masks = [batch["attention_mask"].bool(), batch["labels"] != -100]
    shifts = [torch.zeros(()), torch.zeros(())]
    losses = []
    for _ in range(num_passes):
        clean = embed(model, batch)
        moved = [one + shift for one, shift in zip(clean, shifts, strict=True)]
        for one in moved:
            one.retain_grad()
        losses.append(plain_loss(plain_logits(model, batch, moved), batch))
        (losses[-1] / num_passes).backward()
        new = [torch.zeros_like(one) for one in clean]
        for side, mask in enumerate(masks):
            for row, real in enumerate(mask):  # example by example, without its padding
                length = clean[side][row, real].detach().norm()
                gradient = moved[side].grad[row, real]
                shift = shifts[side][row, real] if shifts[side].dim() else 0.0
                shift = shift + step_size * length * gradient / gradient.norm()
                if shift.norm() > EPSILON * length:
                    shift = shift * EPSILON * length / shift.norm()
                new[side][row, real] = shift
        shifts = new
    return torch.stack(losses).mean().detach(), losses[0].detach()


@pytest.mark.parametrize(
    ("name", "family", "form"),
    [
        ("fgm", "t5", "batches"), ("fgm", "bart", "pieces"), ("fgm", "t5", "packed"),
        ("free_lb", "untied", "pieces"), ("free_lb", "t5", "packed"),
    ],
)  # fmt: skip
def test_perturbed_passes_are_exact(
    name: str, family: str, form: str, examples: EncodedDataset, tmp_path: Path
) -> None:
    num_passes, step_size = (2, EPSILON) if name == "fgm" else (STEPS, STEP_SIZE)
    model = build(family)
    if family != "bart":
        use_fast_paths(model, is_sharded=False)
    passes = PerturbedPasses(name, model, EPSILON, num_passes, step_size)
    found = first_step(model, examples, form, tmp_path, Regularization([name], passes=passes))
    assert all(not layer._forward_hooks for layer in passes._layers)

    plain = build(family)
    batch = Collator(0)([examples[i] for i in range(NUM_EXAMPLES)])
    loss, first = train_plainly_against_perturbations(plain, batch, num_passes, step_size)
    check(found, plain, loss, **{name: (loss - first).item()})


def shift_second_half(model: PreTrainedModel) -> Callable[..., torch.Tensor]:
    """Stand in for dropout: the second pass of each row reads moved source embeddings."""
    direction = 0.5 * torch.randn(16, generator=torch.Generator().manual_seed(3))

    def move(_: Any, __: Any, embeddings: torch.Tensor) -> torch.Tensor:
        first, second = embeddings.chunk(2)
        return torch.cat([first, second + direction])

    model.get_encoder().get_input_embeddings().register_forward_hook(move)
    return lambda embeddings: embeddings + direction


@pytest.mark.parametrize(
    ("family", "form"), [("t5", "batches"), ("bart", "pieces"), ("untied", "packed")]
)
def test_r_drop_is_exact(
    family: str, form: str, examples: EncodedDataset, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(loss_module, "CHUNK_LOGITS_CPU", 300)  # several chunks for each piece
    monkeypatch.setattr("t5tune.training.regularizers.kinds.r_drop.BLOCK_LOGITS_CPU", 170)
    model = build(family)
    move = shift_second_half(model)
    objective = RDrop(SMOOTHING, ALPHA)
    found = first_step(
        model, examples, form, tmp_path, Regularization(["r_drop"], objective=objective)
    )

    plain = build(family)
    batch = Collator(0)([examples[i] for i in range(NUM_EXAMPLES)])
    source, target = embed(plain, batch)
    stacks = plain.get_encoder(), plain.get_decoder()
    is_shared = len({stack.get_input_embeddings() for stack in stacks}) == 1
    both = [[source, target], [move(source), move(target) if is_shared else target]]
    logits = [plain_logits(plain, batch, one) for one in both]
    real = batch["labels"] != -100
    p, q = (log_softmax(one[real], dim=-1) for one in logits)
    divergence = sum(
        kl_div(a, b, log_target=True, reduction="sum") for a, b in ((p, q), (q, p))
    ) / real.sum()  # fmt: skip
    entropies = [plain_loss(one, batch) for one in logits]
    loss = (entropies[0] + entropies[1] + ALPHA / 2 * divergence) / 2
    loss.backward()
    check(found, plain, loss.detach(), r_drop=(ALPHA / 4 * divergence).item())


def test_r_drop_and_a_perturbation_go_together(examples: EncodedDataset, tmp_path: Path) -> None:
    """Without dropout both passes of a row are alike, and so are their perturbations."""
    results = []
    for objective in (None, RDrop(SMOOTHING, ALPHA)):
        model = build("t5")
        passes = PerturbedPasses("fgm", model, EPSILON, 2, EPSILON)
        terms = ["fgm"] if objective is None else ["r_drop", "fgm"]
        regularization = Regularization(terms, objective=objective, passes=passes)
        results.append(first_step(model, examples, "batches", tmp_path, regularization))
    one, both = results
    assert both.logs["loss"] == pytest.approx(one.logs["loss"], rel=1e-5)
    assert both.logs["fgm"] == pytest.approx(one.logs["fgm"], rel=1e-4)
    assert both.logs["r_drop"] == pytest.approx(0.0, abs=1e-6)
    for name, gradient in one.gradients.items():
        torch.testing.assert_close(both.gradients[name], gradient, rtol=1e-4, atol=2e-6)

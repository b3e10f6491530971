"""Run one optimizer step on as many processes as torchrun starts; rank 0 writes what it saw.

torchrun --nproc-per-node N tests/integration/two_processes.py OUT FAMILY BATCH_SIZE SMOOTHING
    [REGULARIZED]

A batch size of 0 packs the examples into rows. A last argument takes regularizers that draw numbers
of their own or compute several passes.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    MT5Config,
    MT5ForConditionalGeneration,
    PreTrainedModel,
    Seq2SeqTrainingArguments,
    T5Config,
    T5ForConditionalGeneration,
    TrainerCallback,
)

from t5tune.data.batching.packing import PackedBatches, PackedCollator, choose_row_lengths
from t5tune.data.batching.plans import BatchPlan, FixedSizeBatches
from t5tune.data.batching.steps import Batch, OptimizerSteps, StepLoader
from t5tune.data.encoding import Collator, EncodedDataset, TokenSequences
from t5tune.models.packed import accept_packed_rows
from t5tune.training.checkpoints.saving import CheckpointSaver
from t5tune.training.checkpoints.writer import CheckpointWriter
from t5tune.training.regularizers.example_draws import draw
from t5tune.training.regularizers.in_force import Regularization
from t5tune.training.regularizers.kinds.r_drop import RDrop
from t5tune.training.regularizers.perturbed_passes import PerturbedPasses
from t5tune.training.strategies.strategy import Strategy
from t5tune.training.trainer import T5TuneTrainer

NUM_EXAMPLES = 30


def build(family: str) -> PreTrainedModel:
    """Return a T5 with tied weights, or an mT5 without."""
    torch.manual_seed(0)
    sizes = {
        "vocab_size": 40, "d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 2,
        "dropout_rate": 0.0, "decoder_start_token_id": 0,
    }  # fmt: skip
    if family == "t5":
        return T5ForConditionalGeneration(T5Config(**sizes))
    return MT5ForConditionalGeneration(MT5Config(**sizes, tie_word_embeddings=False))


def build_dataset() -> EncodedDataset:
    generator = np.random.default_rng(0)
    sides = [
        TokenSequences(
            [generator.integers(3, 40, n).tolist() for n in generator.integers(2, 12, NUM_EXAMPLES)]
        )
        for _ in range(2)
    ]
    return EncodedDataset(*sides)


def build_plan(dataset: EncodedDataset, batch_size: int) -> tuple[BatchPlan, Any]:
    if batch_size:
        return FixedSizeBatches(NUM_EXAMPLES, batch_size, seed=1), Collator(0)
    lengths = dataset.sources.lengths, dataset.targets.lengths
    plan = PackedBatches(*lengths, choose_row_lengths(*lengths), tokens_per_batch=150, seed=1)
    return plan, PackedCollator(0, 0, plan.row_lengths, plan.rows_per_batch)


def regularize(model: PreTrainedModel) -> Regularization:
    def mask_tokens(batch: Batch, step: int) -> Batch:
        ids, is_real = batch["input_ids"].numpy(), batch["attention_mask"].numpy() > 0
        is_masked = torch.from_numpy(is_real & (draw(ids, is_real, "masking", 1, step) < 0.3))
        return {**batch, "input_ids": batch["input_ids"].masked_fill(is_masked, 2)}

    passes = PerturbedPasses("free_lb", model, 0.05, 3, 0.03)
    objective = RDrop(0.1, 2.0)
    return Regularization(["r_drop", "free_lb"], [mask_tokens], objective, passes)


class Recorder(TrainerCallback):
    """Record the gradients of the optimizer step and the logged loss."""

    def __init__(self) -> None:
        self.gradients: dict[str, torch.Tensor] = {}
        self.loss = 0.0

    def on_pre_optimizer_step(self, args, state, control, model=None, **_):  # type: ignore[no-untyped-def]
        for name, parameter in model.named_parameters():
            self.gradients[name.removeprefix("module.")] = parameter.grad.clone()

    def on_log(self, args, state, control, logs=None, **_):  # type: ignore[no-untyped-def]
        self.loss = logs.get("loss", self.loss)


def main() -> None:
    out, family, batch_size, smoothing, *regularized = sys.argv[1:]
    dataset, recorder = build_dataset(), Recorder()
    model = build(family)
    with tempfile.TemporaryDirectory() as directory:
        arguments = Seq2SeqTrainingArguments(
            output_dir=directory, max_steps=1, logging_steps=1, max_grad_norm=0.0,
            report_to="none", use_cpu=True, disable_tqdm=True, remove_unused_columns=False,
            save_strategy="no", ddp_find_unused_parameters=False,
        )  # fmt: skip
        plan, collate = build_plan(dataset, int(batch_size))
        if isinstance(collate, PackedCollator):
            accept_packed_rows(model)
        rank, num_ranks = arguments.process_index, arguments.world_size
        strategy = Strategy(torch.optim.SGD(model.parameters(), lr=0.1))
        trainer = T5TuneTrainer(
            model=model,
            args=arguments,
            tokenizer=None,
            loader=StepLoader(dataset, OptimizerSteps(plan, len(plan), rank, num_ranks), collate),
            strategy=strategy,
            validate=dict,
            label_smoothing=float(smoothing),
            saver=CheckpointSaver(CheckpointWriter(Path(directory), {}), 1, strategy, None, None),
            regularization=regularize(model) if regularized else None,
            callbacks=[recorder],
        )
        trainer.train()
        if arguments.process_index == 0:
            torch.save({"loss": recorder.loss, "gradients": recorder.gradients}, out)


if __name__ == "__main__":
    main()
    # Threads that end with the interpreter sometimes abort it.
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
        os._exit(0)

"""Time how long training waits for a checkpoint: ours and the stock Trainer's, in turns.

.venv/bin/python benchmarks/saving.py [--shape t5-small] [--rounds 5] [--directory DIR]

One process saves one model with AdamW's state. `stock` is Seq2SeqTrainer's own saving, in place,
not flushed and without hashes. For t5tune it prints how long training waits, and how long
it takes until the checkpoint is complete, while training continues.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import torch
from training_arms import SHAPES
from transformers import Seq2SeqTrainer, Seq2SeqTrainingArguments, T5Config, T5Tokenizer
from transformers.models.t5 import T5ForConditionalGeneration

from t5tune.data.batching.plans import FixedSizeBatches
from t5tune.data.batching.steps import OptimizerSteps, StepLoader
from t5tune.data.encoding import Collator, EncodedDataset, TokenSequences
from t5tune.recipe.resolved_recipe import FittedTraining
from t5tune.training.checkpoints.saving import CheckpointSaver
from t5tune.training.checkpoints.writer import CheckpointWriter
from t5tune.training.optim.building import build_optimizer
from t5tune.training.strategies.strategy import Strategy
from t5tune.training.trainer import T5TuneTrainer


def build_trainer(shape: str, directory: Path) -> T5TuneTrainer:
    """Return a trainer that has taken one step, so that the optimizer has its state."""
    d_model, d_ff, layers, heads, vocab_size = SHAPES[shape]
    model = T5ForConditionalGeneration(
        T5Config(
            vocab_size=vocab_size or 8000, d_model=d_model, d_kv=d_model // heads, d_ff=d_ff,
            num_layers=layers, num_heads=heads, decoder_start_token_id=0,
        )
    )  # fmt: skip
    settings = FittedTraining(
        optim="adamw_torch", learning_rate=1e-3, label_smoothing_factor=0.0, bf16=False
    )
    optimizer = build_optimizer(model, settings, from_scratch=False)
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    strategy, tokenizer = Strategy(optimizer), T5Tokenizer(extra_ids=0)
    trainer = T5TuneTrainer(
        model=model,
        tokenizer=tokenizer,
        args=Seq2SeqTrainingArguments(
            output_dir=str(directory / "stock"), report_to="none", save_total_limit=2
        ),
        strategy=strategy,
        loader=StepLoader(
            EncodedDataset(TokenSequences([]), TokenSequences([])),
            OptimizerSteps(FixedSizeBatches(8, 8, seed=1), 1),
            Collator(0),
        ),
        validate=dict,
        label_smoothing=0.0,
        saver=CheckpointSaver(
            CheckpointWriter(directory / "own", {}), 2, strategy, None, tokenizer
        ),
    )
    trainer.create_scheduler(1)
    return trainer


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shape", default="t5-small", choices=list(SHAPES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--directory", type=Path, help="directory on the disk to measure")
    options = parser.parse_args()
    seconds: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory(dir=options.directory) as directory:
        trainer = build_trainer(options.shape, Path(directory))
        for step in range(1, options.rounds + 1):
            trainer.state.global_step = step
            begin = time.perf_counter()
            Seq2SeqTrainer._save_checkpoint(trainer, trainer.model, None)
            seconds["stock: training waits"].append(time.perf_counter() - begin)
            begin = time.perf_counter()
            trainer._save_checkpoint(trainer.model, None)
            seconds["t5tune: training waits"].append(time.perf_counter() - begin)
            trainer.saver.writer.finish()
            seconds["t5tune: complete after"].append(time.perf_counter() - begin)
        files = (Path(directory) / "own" / f"checkpoint-{options.rounds}").iterdir()
        size = sum(path.stat().st_size for path in files)
    print(f"{options.shape}: a checkpoint of {size / 1e6:,.0f} MB, {options.rounds} rounds")
    for name, values in seconds.items():
        median = statistics.median(values)
        print(f"{name:<24} {median:.2f} s ({min(values):.2f} to {max(values):.2f})")


if __name__ == "__main__":
    main()

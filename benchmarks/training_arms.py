"""Run one side of benchmarks/training.py or gpu.py: train a while, print measurements as JSON.

Each side runs in a separate process, so that peak memory is its own. Both sides count the
same way: tokens that are not padding, source and target, over the wall-clock time of the
optimizer steps after the warm-up; validation is not on the clock. On a GPU, whose steps overlap
with the making of batches and with logging, all time between the first and the last step counts.

With --wait, the process imports everything and then reads its arguments, a JSON list, from standard
input: so a process can start while another one measures.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch.profiler import ProfilerActivity, profile
from transformers import (
    DataCollatorForSeq2Seq,
    PreTrainedModel,
    Seq2SeqTrainer,
    Seq2SeqTrainingArguments,
    T5Config,
    T5ForConditionalGeneration,
    TrainerCallback,
)

from t5tune.data.batching.formed_batches import TokenBudgetBatches
from t5tune.data.batching.packing import PackedBatches, PackedCollator, choose_row_lengths
from t5tune.data.batching.plans import BatchPlan
from t5tune.data.batching.steps import OptimizerSteps, StepLoader
from t5tune.data.encoding import IGNORED, Collator, EncodedDataset, TokenSequences
from t5tune.data.pair_encoding import PairEncoder
from t5tune.data.pairs import Pairs
from t5tune.distributed.model_shape import ModelShape
from t5tune.models.compiled import compile_stacks
from t5tune.models.cpu.fast_paths import use_fast_paths
from t5tune.models.loading import load_tokenizer
from t5tune.models.packed import accept_packed_rows
from t5tune.training.checkpoints.saving import CheckpointSaver
from t5tune.training.checkpoints.writer import CheckpointWriter
from t5tune.training.determinism import deterministic_kernels
from t5tune.training.optim.building import build_optimizer
from t5tune.training.preparation.precision import measure_bf16
from t5tune.training.step.allocator import keep_freed_memory
from t5tune.training.step.batch_limit import BatchLimit
from t5tune.training.strategies.strategy import Strategy
from t5tune.training.trainer import T5TuneTrainer

# d_model, d_ff, layers per side, heads, size of the vocabulary (None: the tokenizer's own).
SHAPES: dict[str, tuple[int, int, int, int, int | None]] = {
    "tiny": (128, 256, 4, 4, None),
    "9m": (256, 1024, 4, 4, None),
    "t5-small": (512, 2048, 6, 8, 32128),
    "t5-base": (768, 3072, 12, 12, 32128),
    "t5-large": (1024, 4096, 24, 16, 32128),
}
ONLY_IF_ASKED = ("stock-best-compiled", "t5tune-compiled", "t5tune-blocks")  # they compile
ARMS = ("stock", "stock-best", "t5tune", "t5tune-packed", *ONLY_IF_ASKED)
PROFILED_STEPS = 3
MAX_LENGTH = 128
DROPOUT = 0.1
WARMUP_STEPS = 5  # not on the clock
WARMUP_COMPILED = 15  # the first ones compile


class Clock(TrainerCallback):
    """Times optimizer steps, stops after `seconds` of them, and notes validation BLEU.

    Args:
        seconds: Training time to measure, without warm-up.
        warmup_steps: Steps before the clock starts.
        validate: Function that returns BLEU; None to validate never.
        every_seconds: Training time between validations.
        target_bleu: BLEU at which training ends.
    """

    def __init__(
        self,
        seconds: float,
        warmup_steps: int,
        validate: Any = None,
        every_seconds: float = 30.0,
        target_bleu: float = 0.0,
    ) -> None:
        self.limit, self.warmup_steps = seconds, warmup_steps
        self.validate, self.every, self.target = validate, every_seconds, target_bleu
        # Real and padded tokens and operations of each batch, in order, which a process may load.
        self.counts: Any = multiprocessing.SimpleQueue()
        self.tokens = self.padded = self.steps = 0
        self.flops = 0.0
        self.seconds = 0.0
        self.curve: list[tuple[float, float]] = []
        self._last = 0.0

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if not torch.cuda.is_available():
            self._last = time.perf_counter()

    def on_substep_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        tokens, padded, flops = self.counts.get()
        if self.steps >= self.warmup_steps:
            self.tokens += tokens
            self.padded += padded
            self.flops += flops

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.on_substep_end(args, state, control)
        self.steps += 1
        if self.steps <= self.warmup_steps:
            if self.steps == self.warmup_steps:
                self._restart()
            return
        self._add_time()
        if self.validate is not None and self.seconds >= self.every * (len(self.curve) + 1):
            self._add_time(finish=True)
            self.curve.append((round(self.seconds, 1), round(self.validate(), 2)))
            self._restart()
        reached = bool(self.curve) and self.curve[-1][1] >= self.target > 0
        if reached or self.seconds >= self.limit:
            self._add_time(finish=True)
            control.should_training_stop = True

    def _restart(self) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self._last = time.perf_counter()

    def _add_time(self, *, finish: bool = False) -> None:
        """Add the time since the last call, after what a GPU has been given if it shall finish."""
        if finish and torch.cuda.is_available():
            torch.cuda.synchronize()
        now = time.perf_counter()
        self.seconds += now - self._last
        self._last = now


class CountingCollator:
    """Collates batches, and tells the clock the tokens and the operations of each."""

    def __init__(self, collate: Callable[[Any], Any], config: T5Config, clock: Clock) -> None:
        self._collate, self._shape, self._counts = collate, ModelShape.of(config), clock.counts

    def __call__(self, examples: Any) -> Any:
        batch = self._collate(examples)
        sources, targets = _lengths(batch)
        padded = batch["input_ids"].numel() + batch["labels"].numel()
        flops = self._shape.count_flops(sources, targets)
        self._counts.put((int(sources.sum() + targets.sum()), padded, flops))
        return batch


def _lengths(batch: dict[str, torch.Tensor]) -> tuple[Any, Any]:
    """Return the real source and target tokens of each example, packed or not."""
    if "source_segments" not in batch:
        return batch["attention_mask"].sum(1).numpy(), batch["labels"].ne(IGNORED).sum(1).numpy()
    sides = []
    for name in ("source_segments", "target_segments"):
        segments = batch[name].numpy()
        counts = [np.bincount(row, minlength=segments.max() + 1)[1:] for row in segments]
        sides.append(np.concatenate(counts))
    return sides[0], sides[1]


def load_pairs(directory: Path) -> tuple[EncodedDataset, list[str], list[str]]:
    """Return encoded training pairs, validation sources and references that the parent wrote."""
    arrays = np.load(directory / "train.npz")
    sides = [
        TokenSequences(np.split(arrays[f"{side}_ids"], np.cumsum(arrays[f"{side}_lengths"])[:-1]))
        for side in ("source", "target")
    ]
    lines = [
        (directory / f"validation.{side}").read_text(encoding="utf-8").split("\n")
        for side in ("source", "target")
    ]
    return EncodedDataset(*sides), lines[0], lines[1]


def save_pairs(directory: Path, dataset: EncodedDataset) -> None:
    """Write what `load_pairs` reads."""
    arrays = {}
    for side, sequences in (("source", dataset.sources), ("target", dataset.targets)):
        arrays[f"{side}_ids"] = np.concatenate([sequences[i] for i in range(len(sequences))])
        arrays[f"{side}_lengths"] = sequences.lengths
    np.savez(directory / "train.npz", **arrays)


def encode_pairs(sources: list[str], targets: list[str], tokenizer: Any) -> EncodedDataset:
    sides = PairEncoder(tokenizer, "", MAX_LENGTH, MAX_LENGTH).encode_pairs(Pairs(sources, targets))
    return EncodedDataset(*(TokenSequences.from_arrays(one.lengths, one.ids) for one in sides))


def find_budget(dataset: EncodedDataset, examples_per_step: int) -> int:
    """Return the token budget whose batches hold `examples_per_step` examples on average."""
    low, high = 16, 4 * MAX_LENGTH * examples_per_step
    while high - low > 8:
        middle = (low + high) // 2
        plan = TokenBudgetBatches(dataset.sources.lengths, dataset.targets.lengths, middle, 0)
        low, high = (
            (middle, high) if len(dataset) / len(plan) < examples_per_step else (low, middle)
        )
    return high


def build_arguments(
    directory: str, bf16: bool, examples: int, **others: Any
) -> Seq2SeqTrainingArguments:
    return Seq2SeqTrainingArguments(
        output_dir=directory, max_steps=100_000, per_device_train_batch_size=examples,
        bf16=bf16, use_cpu=not torch.cuda.is_available(), logging_steps=50, save_strategy="no",
        report_to="none", disable_tqdm=True, remove_unused_columns=False, seed=1, **others,
    )  # fmt: skip


def build_stock(
    model: PreTrainedModel, tokenizer: Any, dataset: EncodedDataset, clock: Clock, options: Any
) -> Seq2SeqTrainer:
    """Return Seq2SeqTrainer as the library's run_translation.py sets it up.

    Its gradients are wrong where it accumulates, but cost the same.
    """
    best, on_gpu = options.arm != "stock", torch.cuda.is_available()
    collate = DataCollatorForSeq2Seq(
        tokenizer, model=model, label_pad_token_id=IGNORED,
        pad_to_multiple_of=8 if best and on_gpu else None,
    )  # fmt: skip
    rows = [
        {
            "input_ids": dataset.sources[i].tolist(),
            "attention_mask": [1] * int(dataset.sources.lengths[i]),
            "labels": dataset.targets[i].tolist(),
        }
        for i in range(len(dataset))
    ]
    of_best: dict[str, Any] = {}
    if best:
        of_best = {"train_sampling_strategy": "group_by_length", "optim": "adamw_torch_fused"}
        of_best["torch_compile"] = options.arm == "stock-best-compiled"
        of_best["dataloader_num_workers"] = int(on_gpu)
    arguments = build_arguments(
        options.output_dir,
        bf16=best and measure_bf16(),
        examples=max(1, round(options.examples / options.accumulate)),
        gradient_accumulation_steps=options.accumulate,
        learning_rate=5e-4,
        warmup_steps=options.warmup_steps_of_schedule,
        **of_best,
    )
    return Seq2SeqTrainer(
        model=model, args=arguments, train_dataset=rows,
        data_collator=CountingCollator(collate, model.config, clock), callbacks=[clock],
    )  # fmt: skip


def build_t5tune(
    model: PreTrainedModel, tokenizer: Any, dataset: EncodedDataset, clock: Clock, options: Any
) -> Seq2SeqTrainer:
    """Return t5tune's own loop, with the other side's mean number of examples per step."""
    on_gpu = torch.cuda.is_available()
    if not on_gpu:
        keep_freed_memory()
    use_fast_paths(model, is_sharded=False)
    # Mirrors the recipe's section, because pydantic is not on every machine with a GPU.
    settings: Any = SimpleNamespace(
        optim="adafactor", learning_rate=2e-2, weight_decay=0.0, scale_parameter=None
    )
    lengths = dataset.sources.lengths, dataset.targets.lengths
    collate: Collator | PackedCollator = Collator(int(tokenizer.pad_token_id))
    plan: BatchPlan
    if options.arm in ONLY_IF_ASKED:
        compile_stacks(model, by_block=options.arm == "t5tune-blocks")
    if options.arm != "t5tune":
        accept_packed_rows(model)
        rows = choose_row_lengths(*lengths)
        mean_example = sum(side.mean() for side in lengths)
        plan = PackedBatches(*lengths, rows, int(options.examples * mean_example), seed=1)
        start = model.config.decoder_start_token_id
        collate = PackedCollator(
            int(tokenizer.pad_token_id), start, plan.row_lengths, plan.rows_per_batch
        )
    else:
        plan = TokenBudgetBatches(*lengths, find_budget(dataset, options.examples), seed=1)
    strategy = Strategy(build_optimizer(model, settings, from_scratch=True))
    return T5TuneTrainer(
        model=model,
        args=build_arguments(
            options.output_dir,
            bf16=measure_bf16(),
            examples=1,
            learning_rate=2e-2,
            warmup_steps=options.warmup_steps_of_schedule,
            logging_nan_inf_filter=False,  # as t5tune sets it: the filter waits for a GPU
        ),
        tokenizer=tokenizer,
        loader=StepLoader(
            dataset,
            OptimizerSteps(plan, 1),
            CountingCollator(collate, model.config, clock),
            num_workers=int(on_gpu),  # as `t5tune train` chooses
            pin_memory=on_gpu,
        ),
        strategy=strategy,
        validate=dict,
        label_smoothing=0.0,
        saver=CheckpointSaver(
            CheckpointWriter(Path(options.output_dir), {}), 1, strategy, None, tokenizer
        ),
        limit=BatchLimit(lambda _, tokens: options.limits.append(tokens)),
        callbacks=[clock],
    )


def profile_steps(trainer: Seq2SeqTrainer, clock: Clock) -> None:
    """Train a few more steps and print on stderr where their time goes, kernel by kernel."""
    on_gpu = torch.cuda.is_available()
    activities = [ProfilerActivity.CUDA if on_gpu else ProfilerActivity.CPU]
    clock.limit, trainer.args.max_steps = float("inf"), PROFILED_STEPS
    with profile(activities=activities) as profiled:
        trainer.train()
    key = "self_device_time_total" if on_gpu else "self_cpu_time_total"
    table = profiled.key_averages().table(sort_by=key, row_limit=25, max_name_column_width=60)
    sys.stderr.write(table + "\n")


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Train one arm and return its measurements."""
    directory = Path(options.data)
    dataset, sources, references = load_pairs(directory)
    tokenizer = load_tokenizer(str(directory / "tokenizer"))
    d_model, d_ff, layers, heads, vocab_size = SHAPES[options.shape]
    torch.manual_seed(1)
    config = T5Config(
        vocab_size=vocab_size or len(tokenizer), d_model=d_model, d_kv=d_model // heads, d_ff=d_ff,
        num_layers=layers, num_heads=heads, dropout_rate=DROPOUT, decoder_start_token_id=0,
    )  # fmt: skip
    with torch.device("cuda" if torch.cuda.is_available() else "cpu"):
        model = T5ForConditionalGeneration(config)

    def validate() -> float:
        from t5tune.decoding.torch_translator import TorchTranslator
        from t5tune.decoding.translator import DecodingOptions
        from t5tune.models.input_settings import InputSettings
        from t5tune.scoring.compute import score_hypotheses
        from t5tune.scoring.system_output import SystemOutput

        translator = TorchTranslator(model, tokenizer, InputSettings(max_source_length=MAX_LENGTH))
        hypotheses = translator.translate(sources, DecodingOptions(max_new_tokens=64, num_beams=1))
        texts = [hypothesis.text for hypothesis in hypotheses]
        return score_hypotheses(["bleu"], SystemOutput(texts, [[r] for r in references]))[0].value

    clock = Clock(
        options.seconds,
        warmup_steps=WARMUP_COMPILED if options.arm in ONLY_IF_ASKED else WARMUP_STEPS,
        validate=validate if options.target_bleu else None,
        every_seconds=options.validate_every,
        target_bleu=options.target_bleu,
    )
    build = build_stock if options.arm.startswith("stock") else build_t5tune
    trainer = build(model, tokenizer, dataset, clock, options)
    # As `t5tune train` does; stock takes the fastest kernels.
    with deterministic_kernels(enabled=not options.arm.startswith("stock")):
        trainer.train()
        if options.profile:
            profile_steps(trainer, clock)
    losses = [line["loss"] for line in trainer.state.log_history if "loss" in line]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if torch.cuda.is_available():
        peak = torch.cuda.max_memory_allocated()
    return {
        "arm": options.arm,
        "parameters": model.num_parameters(),
        "bf16": trainer.args.bf16,
        "real_tokens_per_second": clock.tokens / clock.seconds,
        "real_token_share": clock.tokens / clock.padded,
        "model_flops_per_second": clock.flops / clock.seconds,
        "real_tokens_per_step": clock.tokens / (clock.steps - clock.warmup_steps),
        "peak_bytes": peak,
        "seconds": clock.seconds,
        "accumulated": options.accumulate,  # batches of a step
        "largest_piece": min(options.limits, default=None),  # tokens, if memory was too small
        "steps": clock.steps,
        "last_loss": losses[-1] if losses else None,
        "curve": clock.curve,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arm", choices=ARMS, required=True)
    parser.add_argument("--shape", choices=list(SHAPES), required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--examples", type=int, required=True)
    parser.add_argument(
        "--accumulate", type=int, default=1, help="batches of a step, on the stock side"
    )
    parser.add_argument("--target-bleu", type=float, default=0.0)
    parser.add_argument("--validate-every", type=float, default=30.0)
    parser.add_argument("--profile", action="store_true")
    arguments = sys.argv[1:]
    options = parser.parse_args(
        json.loads(sys.stdin.readline()) if arguments == ["--wait"] else arguments
    )
    options.limits = []
    options.warmup_steps_of_schedule = 200 if options.target_bleu else 0
    with tempfile.TemporaryDirectory() as output_dir:
        options.output_dir = output_dir
        result = measure(options)
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()

"""Measure where the time of a training step goes, and which layers are faster.

.venv/bin/python benchmarks/step.py [--shape 9m …] [--length 32 …] [--rounds 3]
.venv/bin/python benchmarks/step.py --layers fast --regularization "r_drop: 5" …

A step has random token ids on both sides, as many examples as --tokens allows, Adafactor, and bf16
if the hardware gains by it. The kinds of layers take turns in one process: `fast` are t5tune's own
sublayers (on a CPU), `sdpa` and `eager` the library's with that attention. Matrix products are what
torch's profiler counts under mm, addmm, bmm and the fused attention; the rest is everything else.
The last column is the time that the model's own arithmetic would take at the rate of matrix
products measured in the same run.

--regularization compares steps with regularizers, one arm for each time that it is given, with a
step without them, in the time of the processor: it is the less disturbed by other programs.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
import yaml
from torch.profiler import ProfilerActivity, profile
from training import measure_matmul
from training_arms import SHAPES
from transformers import ByT5Tokenizer, T5Config, T5ForConditionalGeneration

from t5tune.distributed.model_shape import ModelShape
from t5tune.models.cpu.dropout import use_byte_dropout
from t5tune.models.cpu.fast_t5 import use_fast_sublayers
from t5tune.models.output_layer import without_output_layer
from t5tune.recipe.sections.regularization_section import RegularizationSection
from t5tune.training.optim.building import build_optimizer
from t5tune.training.preparation.precision import measure_bf16
from t5tune.training.regularizers.recipe_regularizers import build_regularization, find_rates
from t5tune.training.regularizers.regularizer import RunParts
from t5tune.training.step.allocator import keep_freed_memory
from t5tune.training.step.objective import Objective

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
PRODUCTS = ("aten::mm", "aten::addmm", "aten::bmm", "aten::baddbmm", "attention")
STEPS = 5  # steps of one measurement


class Step:
    """Hold a model and its optimizer; `run` is a training step that records its parts' seconds."""

    def __init__(
        self, shape: str, layers: str, length: int, tokens: int, bf16: bool, regularization: str
    ) -> None:
        torch.manual_seed(0)
        d_model, d_ff, num_layers, heads, vocab_size = SHAPES[shape]
        config = T5Config(
            vocab_size=vocab_size or 8000, d_model=d_model, d_kv=d_model // heads, d_ff=d_ff,
            num_layers=num_layers, num_heads=heads, dropout_rate=0.1, decoder_start_token_id=0,
        )  # fmt: skip
        config._attn_implementation = "sdpa" if layers == "fast" else layers
        self.model = T5ForConditionalGeneration(config).train().to(DEVICE)
        use_byte_dropout(self.model)
        if layers == "fast":
            use_fast_sublayers(self.model)
        self.bf16 = bf16
        settings: Any = SimpleNamespace(
            optim="adafactor", learning_rate=1e-3, weight_decay=0.0, scale_parameter=None
        )
        section = RegularizationSection.model_validate(yaml.safe_load(regularization) or {})
        rates = find_rates(section, self.model)
        self.optimizer = build_optimizer(self.model, settings, from_scratch=True, rates=rates)
        with tempfile.TemporaryDirectory() as folder:
            parts = RunParts(
                self.model, ByT5Tokenizer(), "", 0, 0.0, self.optimizer, Path(folder) / "start",
                is_resumed=False,
            )  # fmt: skip
            self.regularization = build_regularization(section, parts)
        self.objective = self.regularization.objective or Objective(0.0)
        rows = max(1, tokens // (2 * length))
        self.ids = torch.randint(3, config.vocab_size, (rows, length), device=DEVICE)
        self.batch = {
            "input_ids": self.ids.cpu(), "attention_mask": torch.ones(rows, length).long(),
            "labels": self.ids.cpu(),
        }  # fmt: skip
        self.seconds: dict[str, list[float]] = {}
        self.num_steps = 0

    def run(self) -> None:
        self.timed("noise", self.add_noise)
        self.regularization.run_passes(self.batch, None, self.add_pass, is_last=True)
        self.timed("clip", self.clip)
        self.timed("optimizer", self.update)

    def add_noise(self) -> None:
        (self.noised,) = self.regularization.add_noise([self.batch], self.num_steps)
        self.num_steps += 1

    def add_pass(self, _: Any, is_last: bool) -> torch.Tensor:
        self.timed("forward", self.forward)
        self.timed("loss", self.compute_loss)
        self.timed("backward", lambda: self.loss.backward())
        return self.loss.detach()

    def timed(self, name: str, part: Callable[[], None]) -> None:
        start = time.perf_counter()
        part()
        if DEVICE == "cuda":
            torch.cuda.synchronize()
        self.seconds.setdefault(name, []).append(time.perf_counter() - start)

    def forward(self) -> None:
        autocast = torch.autocast(DEVICE, torch.bfloat16, enabled=self.bf16)
        inputs = {name: tensor.to(DEVICE) for name, tensor in self.noised.items()}
        self.inputs = self.objective.prepare(inputs)
        with autocast, without_output_layer(self.model) as self.weight:
            outputs = self.model(
                input_ids=self.inputs["input_ids"], attention_mask=self.inputs["attention_mask"],
                decoder_input_ids=self.inputs["labels"], use_cache=False,
            )  # fmt: skip
        self.hidden = outputs.logits.bfloat16() if self.bf16 else outputs.logits

    def compute_loss(self) -> None:
        self.loss = self.objective.sum_chunked(self.hidden, self.weight, self.inputs)
        for name, term in self.objective.take_terms().items():
            self.regularization.note(name, term)

    def clip(self) -> None:
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)

    def update(self) -> None:
        for callback in self.regularization.callbacks:
            callback.on_pre_optimizer_step(None, None, None)
        self.optimizer.step()
        self.model.zero_grad()

    def flops(self) -> float:
        """Return the operations of forward and backward, see `ModelShape.count_flops`."""
        lengths = np.full(*self.ids.shape)
        return ModelShape.of(self.model.config).count_flops(lengths, lengths)

    def share_of_products(self) -> float:
        """Return the share of matrix products in the profiled time of a step, from 0 to 1."""
        activity = ProfilerActivity.CUDA if DEVICE == "cuda" else ProfilerActivity.CPU
        with profile(activities=[activity]) as profiled:
            self.run()
        times = {
            event.key: event.self_device_time_total
            if DEVICE == "cuda"
            else event.self_cpu_time_total
            for event in profiled.key_averages()
        }
        products = sum(t for key, t in times.items() if any(name in key for name in PRODUCTS))
        return float(products / sum(times.values()))


def compare(shape: str, length: int, options: argparse.Namespace, bf16: bool, peak: float) -> None:
    arms = [(layers, given) for layers in options.layers for given in options.regularization]
    steps = {
        f"{layers} {given}".strip(): Step(shape, layers, length, options.tokens, bf16, given)
        for layers, given in arms
    }
    for step in steps.values():
        step.run()
        step.seconds.clear()
    totals: dict[str, list[float]] = {name: [] for name in steps}
    of_processor: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(options.rounds):
        for name, step in steps.items():
            start, processor = time.perf_counter(), time.process_time()
            for _ in range(STEPS):
                step.run()
            totals[name].append((time.perf_counter() - start) / STEPS)
            of_processor[name].append((time.process_time() - processor) / STEPS)
    if options.regularization[1:]:
        describe_ratios(of_processor)
        return
    first, *_ = (statistics.median(times) for times in totals.values())
    for name, step in steps.items():
        parts = "  ".join(
            f"{part} {1000 * statistics.median(values):.0f}"
            for part, values in step.seconds.items()
        )
        low, median, high = (f(totals[name]) for f in (min, statistics.median, max))
        print(
            f"{shape} {len(step.ids)} x {length}+{length} {name:<6} {1000 * median:.0f} ms "
            f"({1000 * low:.0f} to {1000 * high:.0f})  ratio {median / first:.2f}  ms: {parts}  "
            f"products {100 * step.share_of_products():.0f} %  "
            f"at least {1000 * step.flops() / peak:.0f} ms",
            flush=True,
        )


def describe_ratios(times: dict[str, list[float]]) -> None:
    """Print each arm's time of the processor over that of the first arm in the same round."""
    first, *_ = times.values()
    for name, own in times.items():
        low, median, high = (
            f([one / other for one, other in zip(own, first, strict=True)])
            for f in (min, statistics.median, max)
        )
        print(f"{name:<30} processor {median:.2f} ({low:.2f} to {high:.2f})", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shape", action="append", choices=list(SHAPES))
    parser.add_argument("--length", action="append", type=int)
    parser.add_argument("--layers", action="append", choices=["fast", "sdpa", "eager"])
    parser.add_argument("--tokens", type=int, default=1024, help="tokens of a step, both sides")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--regularization", action="append", default=[], metavar="YAML")
    options = parser.parse_args()
    options.regularization = ["", *options.regularization]
    options.layers = options.layers or ["fast", "sdpa", "eager"][DEVICE != "cpu" :]
    bf16 = measure_bf16()
    if DEVICE == "cpu":
        keep_freed_memory()
    peak = measure_matmul(torch.bfloat16 if bf16 else torch.float32)
    print(
        f"torch {torch.__version__}, {DEVICE}, {torch.get_num_threads()} threads, "
        f"{'bf16' if bf16 else 'fp32'}, matrix products {peak / 1e9:,.1f} GFLOP/s", flush=True
    )  # fmt: skip
    for shape in options.shape or ["tiny", "9m", "t5-small"]:
        for length in options.length or [16, 64, 256]:
            compare(shape, length, options, bf16, peak)


if __name__ == "__main__":
    main()

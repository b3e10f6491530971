"""Test the parts of the benchmark on a GPU that need none: its time, its counts and its text."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from t5tune.data.batching.packing import PackedCollator
from t5tune.data.encoding import Collator
from tests.conftest import REPOSITORY

SHAPES = ["t5-large", "t5-base", "t5-small"]


@pytest.fixture(scope="module")
def gpu() -> Iterator[ModuleType]:
    """Return the benchmark's module; its neighbours are imported by their names, too."""
    sys.path.insert(0, str(REPOSITORY / "benchmarks"))
    try:
        import gpu

        yield gpu
    finally:
        sys.path.remove(str(REPOSITORY / "benchmarks"))


class FakeProcesses:
    """Processes that take no time but put the clock forward; one of them has too little memory."""

    def __init__(self, start_seconds: float, compile_seconds: float) -> None:
        self.now = 0.0
        self.asked: list[tuple[str, str]] = []
        self.ended: dict[str, float] = {}  # when the last run of a shape ended
        self._start, self._compile = start_seconds, compile_seconds

    def run(self, words: list[str], limit: float) -> dict[str, Any]:
        values = dict(zip(words[::2], words[1::2], strict=True))
        arm, shape, seconds = values["--arm"], values["--shape"], float(values["--seconds"])
        self.asked.append((shape, arm))
        compiling = self._compile / self.asked.count((shape, arm))  # less with a full cache
        taken = seconds + self._start + compiling * arm.endswith(("compiled", "blocks"))
        self.now += min(taken, limit)
        self.ended[shape] = self.now
        if (shape, arm) == ("t5-large", "stock"):
            return {"error": "out of memory"}
        if taken > limit:
            return {"error": "did not end in time"}
        return describe_run(speed=1000.0 if arm.startswith("stock") else 4000.0, seconds=seconds)

    def close(self) -> None:
        pass


def describe_run(speed: float, seconds: float = 1.0, bf16: bool = True) -> dict[str, Any]:
    return {
        "bf16": bf16, "real_tokens_per_second": speed, "real_token_share": 0.5,
        "model_flops_per_second": speed * 1e9, "real_tokens_per_step": 8000.0,
        "peak_bytes": 2**31, "seconds": seconds, "largest_piece": None, "accumulated": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("available", "start_seconds", "compile_seconds", "expects_all"),
    [(900.0, 2.0, 10.0, True), (400.0, 5.0, 20.0, False), (400.0, 8.0, 500.0, False)],
)
def test_time_is_kept(
    available: float,
    start_seconds: float,
    compile_seconds: float,
    expects_all: bool,
    gpu: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The most important arms have two rounds in turns; what is missing is named."""
    fake = FakeProcesses(start_seconds, compile_seconds)
    monkeypatch.setattr(gpu, "ArmProcesses", lambda: fake)
    monkeypatch.setattr(gpu.time, "monotonic", lambda: fake.now)
    options = argparse.Namespace(
        shape=SHAPES, arm=list(gpu.IMPORTANCE), rounds=2, seconds=6.0,
        tokens=None, memory_bytes=80 * 2**30, tokens_of_pair=62.0,
    )  # fmt: skip
    said: list[str] = []
    runs, left_out = gpu.measure_training(Path("data"), options, available, said.append)
    assert fake.now <= available
    assert len(said) == len(runs) == len(fake.asked)
    for shape in SHAPES:
        for arm in ("stock", "stock-best", "t5tune-packed"):
            once = (shape, arm) == ("t5-large", "stock")  # has too little memory
            assert fake.asked.count((shape, arm)) == 2 - once
        of_shape = [run for run in runs if run["shape"] == shape]
        assert [run["round"] for run in of_shape] == sorted(run["round"] for run in of_shape)
    share = gpu.share_of_shape(SHAPES[0], tuple(SHAPES))
    assert fake.ended[SHAPES[0]] <= 1.1 * share * available
    assert (left_out == []) == expects_all
    missing = {line.split(", from")[0] for line in left_out}
    assert missing.isdisjoint(f"{run['shape']}, {run['arm']}" for run in runs if run["round"] == 2)


def test_steps_fit_into_memory(gpu: ModuleType) -> None:
    def choose(gigabytes: int, shape: str, tokens: int | None = None) -> tuple[int, int]:
        step = gpu.choose_step(shape, gigabytes * 2**30, tokens)
        return step.tokens, step.stock_batches

    assert choose(80, "t5-small") == (32_768, 2)
    assert choose(141, "t5-large") == (32_768, 5)
    assert choose(80, "t5-large") == (23_552, 6)
    assert choose(24, "t5-large") == (3072, 5)
    assert choose(12, "t5-large")[0] == 512  # the least, although AdamW does not fit
    assert choose(80, "t5-large", 2048) == (2048, 1)


def test_packed_and_padded_batches_count_the_same(gpu: ModuleType) -> None:
    from training_arms import SHAPES as SIZES
    from training_arms import Clock, CountingCollator
    from transformers import T5Config

    assert "t5-large" in SIZES
    lengths = [(5, 4), (3, 6), (8, 2)]
    examples = [
        {"input_ids": np.full(source, 7), "labels": np.full(target, 7)}
        for source, target in lengths
    ]
    config = T5Config(d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2, vocab_size=50)
    clock = Clock(1.0, warmup_steps=1)
    CountingCollator(Collator(0), config, clock)(examples)
    packed = CountingCollator(PackedCollator(0, 0, (16, 16), 2), config, clock)
    packed([examples[:2], examples[2:]])
    tokens, padded, flops = clock.counts.get()
    assert (tokens, padded) == (28, 3 * 8 + 3 * 6)
    assert clock.counts.get() == (28, 64, pytest.approx(flops))


def test_report_has_ratios_goals_and_what_is_missing(gpu: ModuleType) -> None:
    speeds = {"stock": 100.0, "stock-best": 200.0, "t5tune-packed": 320.0}
    runs: list[dict[str, Any]] = [
        {"shape": "t5-large", "arm": arm, "round": number}
        | describe_run(speed * number, bf16=arm != "stock")
        for number in (1, 2)
        for arm, speed in speeds.items()
    ]
    runs.append({"shape": "t5-large", "arm": "t5tune", "round": 1, "error": "out of memory"})
    flops, source = gpu.find_published_rate("NVIDIA H100 80GB HBM3")
    numbers = {
        "device": "NVIDIA H100 80GB HBM3", "minutes_taken": 7.4, "shapes": ["t5-large"],
        "runs": runs, "matmul_flops_per_second": {"bf16": 7e11, "fp32": 5e10},
        "published": {"flops_per_second": flops / 1000, "source": source},
        "left_out": ["t5-large, t5tune-compiled, from round 1 on"],
        "translation": {
            "shape": "t5-small", "num_sentences": 100, "num_beams": 4, "length": 32,
            "seconds": {"generate": [10.0, 12.0], "torch": [5.0, 6.0], "ctranslate2": [1.0, 1.2]},
            "same_as_torch": {"torch": 1.0}, "failed": {"ctranslate2-float16": "no library"},
        },
    }  # fmt: skip
    text = gpu.write_section(numbers)
    assert "| stock, fp32 | 150 (100 to 200) | 300.0 % | 50 % | 8,000 | 2.00 GiB | 2 |" in text
    assert "| t5tune-packed, bf16 | 480 (320 to 640) | 68.6 % / 48.5 % |" in text
    assert "t5tune-packed / stock: 3.20 (3.20 to 3.20) (goal: 3 times stock, reached)" in text
    assert "stock-best: 1.60 (1.60 to 1.60) (goal: 1.7 times best stock, not reached)" in text
    assert "48.5 % of the published rate (goal: 45 %, reached)" in text
    assert "| ctranslate2 | 91.7 (83.3 to 100.0) | 10.00 (10.00 to 10.00) |" in text
    assert "The fastest is ctranslate2 (goal: 8 times, reached)." in text
    assert "- t5-large, t5tune: out of memory" in text
    assert "- translation, ctranslate2-float16: no library" in text
    assert "- left out for lack of time: t5-large, t5tune-compiled, from round 1 on" in text
    numbers |= {"published": None, "runs": runs[:1], "translation": None, "left_out": []}
    text = gpu.write_section(numbers)
    assert "best stock: not measured (goal: 1.7 times)" in text
    assert "Nothing is missing." in text


def test_devices_and_failures(gpu: ModuleType) -> None:
    known = {
        "NVIDIA A100-SXM4-80GB": 312e12, "NVIDIA H100 PCIe": 756.5e12, "NVIDIA A10": 125e12,
        "NVIDIA H200": 989.4e12, "NVIDIA GeForce RTX 4090": 165.2e12, "NVIDIA L4": 121e12,
    }  # fmt: skip
    for device, flops in known.items():
        assert gpu.find_published_rate(device)[0] == flops
    for unknown in ("NVIDIA A10G", "Tesla T4", "NVIDIA GeForce RTX 4090 Laptop GPU"):
        assert gpu.find_published_rate(unknown) is None
    traceback = 'Traceback\n  File "/home/me/x.py"\nValueError: /home/me/model lacks a tokenizer\n'
    assert gpu.find_reason(traceback, 1) == "ValueError: model lacks a tokenizer"
    assert gpu.find_reason("torch.OutOfMemoryError: CUDA out of memory.", 1) == "out of memory"
    assert gpu.find_reason("", -9) == "exit code -9"

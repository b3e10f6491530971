"""Test that batches reach a GPU from pinned memory, and that few things in a step wait for it."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.profiler import ProfilerActivity, profile
from transformers import Seq2SeqTrainingArguments, TrainerCallback

from t5tune.data.batching.plans import FixedSizeBatches
from t5tune.data.batching.steps import Batch, OptimizerSteps, StepLoader
from t5tune.data.encoding import Collator
from t5tune.training.checkpoints.saving import CheckpointSaver
from t5tune.training.checkpoints.writer import CheckpointWriter
from t5tune.training.strategies.strategy import Strategy
from t5tune.training.trainer import T5TuneTrainer
from tests.gpu.steps import random_dataset
from tests.tiny_families import FAMILIES

BATCHES_PER_STEP = 2
WATCHED = range(3, 7)  # steps; the first ones allocate, and compile what torch compiles
MOST_WAITS = 2  # for a batch: the library looks at the masks of encoder and cross-attention


class Watch(TrainerCallback):
    """Profile some steps, and count what waits for the GPU in them."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.copies: list[str] = []
        self.waits: list[str] = []
        self.stack = contextlib.ExitStack()

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step + 1 == WATCHED.start:
            self.stack.enter_context(self.watching())

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step + 1 == WATCHED.stop:
            self.stack.close()

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        is_gpu = self.device.type == "cuda"
        activities = [ProfilerActivity.CPU, *[ProfilerActivity.CUDA] * is_gpu]
        with profile(activities=activities) as profiled, counting_waits(is_gpu, self.waits):
            yield
        self.copies = [e.name for e in profiled.events() if e.name.startswith("Memcpy HtoD")]


@contextlib.contextmanager
def counting_waits(is_gpu: bool, waits: list[str]) -> Iterator[None]:
    """Collect torch's warnings of operations that wait for the GPU."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        if is_gpu:
            torch.cuda.set_sync_debug_mode("warn")
        yield
        if is_gpu:
            torch.cuda.set_sync_debug_mode("default")
    waits += [str(one.message) for one in found if "synchroniz" in str(one.message)]


def train(device: torch.device, folder: Path, watch: Watch) -> list[Batch]:
    """Train as `t5tune train` does where there is a GPU, and return the batches as they came."""
    torch.manual_seed(0)
    model, tokenizer = FAMILIES["t5"](folder)
    dataset = random_dataset(8 * BATCHES_PER_STEP * 10, 60)
    steps = OptimizerSteps(FixedSizeBatches(len(dataset), 8, seed=1), BATCHES_PER_STEP)
    is_gpu = device.type == "cuda"
    loader = StepLoader(dataset, steps, Collator(0), num_workers=1, pin_memory=is_gpu)
    arguments = Seq2SeqTrainingArguments(
        output_dir=str(folder), max_steps=8, logging_steps=100, report_to="none",
        use_cpu=not is_gpu, disable_tqdm=True, remove_unused_columns=False, save_strategy="no",
    )  # fmt: skip
    strategy = Strategy(torch.optim.AdamW(model.parameters(), fused=True))
    writer = CheckpointWriter(folder, {})
    trainer = T5TuneTrainer(
        model=model, args=arguments, tokenizer=tokenizer, loader=loader, strategy=strategy,
        validate=dict, label_smoothing=0.0, callbacks=[watch],
        saver=CheckpointSaver(writer, 1, strategy, None, tokenizer),
    )  # fmt: skip
    seen: list[Batch] = []
    split = trainer.training_step

    def training_step(model: Any, inputs: list[Batch], num_items: Any) -> torch.Tensor:
        seen.extend(inputs)
        return split(model, inputs, num_items)

    trainer.training_step = training_step  # type: ignore[method-assign]
    trainer.train()
    assert trainer.model.device.type == device.type
    return seen


@pytest.fixture
def watch(device: torch.device) -> Watch:
    return Watch(device)


def test_the_trainer_copies_pinned_batches_without_waiting(
    device: torch.device,
    watch: Watch,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    batches = train(device, tmp_path, watch)
    assert len(batches) == 8 * BATCHES_PER_STEP
    num = len(WATCHED) * BATCHES_PER_STEP
    record_property("copies of a batch", len(watch.copies) / num)
    record_property("waits of a batch", len(watch.waits) / num)
    if device.type == "cpu":
        pytest.skip("the rest is about a GPU itself")
    assert all(tensor.is_pinned() for batch in batches for tensor in batch.values())
    pinned = [name for name in watch.copies if "Pinned" in name]
    assert len(pinned) >= 3 * num
    assert len(watch.waits) <= MOST_WAITS * num + len(WATCHED), sorted(set(watch.waits))

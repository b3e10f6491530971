"""Test DDP and FSDP with NCCL: a group of one process, and two processes where two GPUs are."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

from t5tune.data.batching.steps import Batch
from t5tune.data.encoding import Collator
from t5tune.distributed.fsdp import shard_model
from t5tune.distributed.sharded_tensors import gather_weights
from t5tune.distributed.whole_copy import full_model
from t5tune.training.optim.building import build_optimizer
from t5tune.training.step.batch_loss import BatchLoss
from t5tune.training.step.objective import Objective
from t5tune.training.strategies.fsdp_strategy import FsdpStrategy
from t5tune.training.strategies.strategy import Strategy
from tests.conftest import REPOSITORY, write_tiny_recipe
from tests.gpu.steps import LEARNING_RATES, count_targets, random_dataset
from tests.tiny_families import FAMILIES
from tests.tiny_sections import fitted_training
from tests.weights import weights

CPU = torch.device("cpu")
NUM_STEPS = 2


@pytest.fixture
def group(device: torch.device) -> Iterator[torch.device]:
    """Make the process group that several processes have, of this process alone."""
    backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
    dist.init_process_group(backend, store=dist.HashStore(), rank=0, world_size=1)
    try:
        yield device
    finally:
        dist.destroy_process_group()


def build(folder: Path) -> Any:
    torch.manual_seed(0)
    model, _ = FAMILIES["t5"](folder)
    return model.eval()


def build_batches() -> list[Batch]:
    dataset = random_dataset(8 * NUM_STEPS, 60)
    collate = Collator(0)
    return [collate([dataset[8 * i + j] for j in range(8)]) for i in range(NUM_STEPS)]


def train(model: Any, wrapped: Any, strategy: Strategy, device: torch.device) -> list[float]:
    """Train as the trainer does, and return the losses."""
    loss = BatchLoss(model, strategy, Objective(0.0), bf16=False, searches_unused=False)
    losses = []
    for batch in build_batches():
        there = {name: tensor.to(device) for name, tensor in batch.items()}
        total, _ = loss.sum(wrapped, there)
        mean = total / count_targets(batch)
        mean.backward()
        strategy.optimizer.step()
        strategy.optimizer.zero_grad()
        losses.append(float(mean.detach()))
    return losses


def train_plainly(folder: Path, optim: str) -> tuple[list[float], dict[str, torch.Tensor]]:
    """Return losses and weights of the same steps on the CPU, without a group."""
    model = build(folder)
    section = fitted_training(optim=optim, learning_rate=LEARNING_RATES[optim])
    strategy = Strategy(build_optimizer(model, section, from_scratch=True))
    return train(model, model, strategy, CPU), dict(model.state_dict())


def test_objects_and_tensors_travel(group: torch.device) -> None:
    """Objects and numbers go by gloo, so that they need no GPU; weights by NCCL."""
    found: list[Any] = [None]
    dist.all_gather_object(found, {"loss": 1.5})
    assert found == [{"loss": 1.5}]
    dist.broadcast_object_list(found, src=0, device=CPU)
    number = torch.tensor(2.5, dtype=torch.float64)
    dist.all_reduce(number)
    assert float(number) == 2.5
    for dtype in (torch.float32, torch.int64, torch.bool, torch.bfloat16):
        tensor = torch.ones(5, device=group).to(dtype)
        dist.broadcast(tensor, src=0)
        assert tensor.device.type == group.type
        assert tensor.sum() == 5
    dist.barrier()


def test_ddp_trains_as_the_cpu(group: torch.device, tmp_path: Path) -> None:
    expected, _ = train_plainly(tmp_path, "adamw_torch")
    model = build(tmp_path).to(group)
    section = fitted_training(learning_rate=1e-3)
    strategy = Strategy(build_optimizer(model, section, from_scratch=True))
    ids = [torch.cuda.current_device()] if group.type == "cuda" else None
    losses = train(model, DistributedDataParallel(model, device_ids=ids), strategy, group)
    assert losses == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("cpu_offload", [False, True], ids=["on the device", "offloaded"])
@pytest.mark.parametrize("optim", ["adamw_torch", "adafactor"])
def test_fsdp_trains_gathers_and_translates_as_the_cpu(
    optim: str, cpu_offload: bool, group: torch.device, tmp_path: Path
) -> None:
    expected, weights_expected = train_plainly(tmp_path, optim)
    model = build(tmp_path)
    shard_model(model, group, bf16=False, cpu_offload=cpu_offload)
    section = fitted_training(optim=optim, learning_rate=LEARNING_RATES[optim])
    strategy = FsdpStrategy(build_optimizer(model, section, from_scratch=True))
    strategy.begin(model)
    losses = train(model, model, strategy, group)
    strategy.check_memory(model)
    assert losses == pytest.approx(expected, rel=1e-4)
    gathered = gather_weights(model, keep=True)
    assert gathered.keys() == weights_expected.keys()
    for name, weight in gathered.items():
        assert weight.device.type == "cpu"
        differ = (weight - weights_expected[name]).abs() > 3e-4
        assert float(differ.double().mean()) < 0.01, name
    strategy.load_optimizer_state(strategy.gather_optimizer_state(keep=True))
    with full_model(model) as whole, torch.inference_mode():
        ids = build_batches()[0]["input_ids"].to(group)
        assert whole.generate(input_ids=ids, max_new_tokens=3).device.type == group.type


def run_train(folder: Path, device: torch.device, *arguments: str) -> Path:
    hidden = {} if device.type == "cuda" else {"CUDA_VISIBLE_DEVICES": ""}
    environment = {**os.environ, **hidden, "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-m", "t5tune", "train", "tiny.yaml", "export=none", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / arguments[-1]


@pytest.mark.parametrize("sharding", ["none", "fsdp"])
def test_two_processes_train_as_one(sharding: str, device: torch.device, tmp_path: Path) -> None:
    if device.type == "cuda" and torch.cuda.device_count() < 2:
        pytest.skip("it needs two GPUs")
    write_tiny_recipe(tmp_path)
    settings = ("training.optim=adafactor", "model.config={dropout_rate: 0.0}")
    one = run_train(tmp_path, device, *settings, "--output-dir", "one")
    processes = ("--num-processes", "2", f"training.sharding={sharding}")
    two = run_train(tmp_path, device, *settings, *processes, "--output-dir", "two")
    expected = weights(one)
    for name, weight in weights(two).items():
        torch.testing.assert_close(weight, expected[name], rtol=1e-3, atol=1e-3)

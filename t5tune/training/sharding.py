"""Whether sharding is in force, and the whole state of a sharded run for its checkpoints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed.tensor import DTensor, Shard
from transformers import (
    PreTrainedModel,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from t5tune.console import say
from t5tune.models.sharded import divide, divide_like, gather, not_in_force, shard_model
from t5tune.recipe.resolved_recipe import FittedTraining
from t5tune.training.optim.sharded_adafactor import ShardedAdafactor, sharded_dimension


def shard_for_training(
    model: PreTrainedModel, section: FittedTraining, device: torch.device
) -> None:
    """Divide a model's weights as a recipe asks; before its optimizer is built.

    Args:
        model: Whole, the same on every process.
        section: Says how.
        device: Where this process computes.

    Raises:
        T5TuneError: Memory is not really divided.
    """
    shard_model(model, device, bf16=section.bf16, cpu_offload=section.cpu_offload)
    held = check_weights(model)
    say(
        f"sharding: {section.sharding}, {dist.get_world_size()} processes; this one holds "
        f"{held.local:,} of {held.whole:,} weights"
    )


@dataclass(frozen=True)
class Held:
    """Numbers that a process holds of some tensors.

    Attributes:
        local: In its memory.
        whole: Of the whole tensors.
        undivided: Of those in its memory, the ones of tensors that every process has whole.
    """

    local: int
    whole: int
    undivided: int


def count_held(tensors: Iterable[torch.Tensor]) -> Held:
    """What this process holds of tensors, of which some are divided."""
    local = whole = undivided = 0
    for tensor in tensors:
        own = tensor.to_local().numel() if isinstance(tensor, DTensor) else tensor.numel()
        local += own
        whole += tensor.numel()
        undivided += 0 if isinstance(tensor, DTensor) else own
    return Held(local, whole, undivided)


def check_weights(model: torch.nn.Module) -> Held:
    """What this process holds of a model's weights.

    Raises:
        T5TuneError: More than its share.
    """
    held = count_held(model.parameters())
    share = held.whole / dist.get_world_size()
    # Whole rows: a process has up to one more of each parameter than others have.
    if held.undivided or held.local > share + _row_elements(model.parameters()):
        raise not_in_force("weights", held.local, held.whole)
    return held


def check_optimizer_state(optimizer: torch.optim.Optimizer) -> Held:
    """What this process holds of an optimizer's state, after a step.

    Raises:
        T5TuneError: More than its share.
    """
    held = count_held(_state_tensors(optimizer.state))
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    rows = _row_elements(parameters)
    # Adafactor's means over rows are as large as one row, and whole everywhere.
    share = (held.whole - held.undivided) / dist.get_world_size()
    divided = held.local - held.undivided
    if held.undivided > rows + len(parameters) or divided > share + 2 * rows:
        raise not_in_force("the optimizer's state", held.local, held.whole)
    return held


def _state_tensors(state: Mapping[Any, Mapping[str, Any]]) -> list[torch.Tensor]:
    values = [value for of_parameter in state.values() for value in of_parameter.values()]
    return [value for value in values if isinstance(value, torch.Tensor)]


def _row_elements(parameters: Iterable[torch.Tensor]) -> int:
    """Elements of one row of each parameter."""
    return sum(p.numel() // max(1, p.shape[0]) for p in parameters)


class ShardingCheck(TrainerCallback):
    """Looks after the first step whether weights and optimizer state are really divided."""

    def __init__(self) -> None:
        self.is_done = False

    def on_optimizer_step(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: torch.nn.Module | None = None,
        optimizer: torch.optim.Optimizer | None = None,
        **_: Any,
    ) -> None:
        if not self.is_done:
            assert model is not None
            assert optimizer is not None
            check_weights(model)
            check_optimizer_state(optimizer)
            self.is_done = True


def gather_weights(model: torch.nn.Module, *, keep: bool) -> dict[str, torch.Tensor]:
    """The whole weights in the main memory, one after another; every process calls this.

    Args:
        model: Sharded.
        keep: Whether this process wants them; the others only help.

    Returns:
        A state dictionary, empty where it is not wanted. Tied weights are one tensor.
    """
    kept: dict[str, torch.Tensor] = {}
    gathered: dict[int, torch.Tensor] = {}
    for name, tensor in model.state_dict(keep_vars=True).items():
        if id(tensor) not in gathered:
            with torch.no_grad():
                whole = gather(tensor).detach()
            gathered[id(tensor)] = whole.cpu() if keep else whole.new_empty(0)
        if keep:
            kept[name] = gathered[id(tensor)]
    return kept


def gather_optimizer_state(optimizer: torch.optim.Optimizer, *, keep: bool) -> dict[str, Any]:
    """The whole `state_dict` of an optimizer; every process calls this. See `gather_weights`."""
    found = optimizer.state_dict()
    for index, of_parameter in found["state"].items():
        whole: dict[str, Any] = {}
        for key, value in of_parameter.items():
            if isinstance(value, torch.Tensor):
                value = gather(value)
                value = value.cpu() if keep else value.new_empty(0)
            whole[key] = value
        found["state"][index] = whole
    return found if keep else {}


def load_optimizer_state(optimizer: torch.optim.Optimizer, whole: Mapping[str, Any]) -> None:
    """Give an optimizer of sharded parameters a state that every process has read whole.

    Args:
        optimizer: Ours or torch's, around which may be Accelerate's.
        whole: A `state_dict` as one process saves it.
    """
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    inner = getattr(optimizer, "optimizer", optimizer)
    is_adafactor = isinstance(inner, ShardedAdafactor)
    state = {
        index: {
            key: _divide(key, value, parameters[index], is_adafactor=is_adafactor)
            for key, value in of_parameter.items()
        }
        for index, of_parameter in whole["state"].items()
    }
    optimizer.load_state_dict({**whole, "state": state})


def _divide(key: str, value: Any, parameter: torch.Tensor, *, is_adafactor: bool) -> Any:
    if not isinstance(value, torch.Tensor) or not isinstance(parameter, DTensor):
        return value
    if is_adafactor:
        dimension = sharded_dimension(key, parameter)
        return value if dimension is None else divide(value, parameter, [Shard(dimension)])
    return divide_like(value, parameter) if value.shape == parameter.shape else value

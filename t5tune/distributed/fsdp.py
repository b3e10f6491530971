"""Models whose weights are sharded with torch's `fully_shard` (FSDP2).

Each transformer block is gathered when it computes and freed again; the rest (embeddings, last
norms, output layer) stays gathered during a forward and its backward.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import (
    CPUOffloadPolicy,
    MixedPrecisionPolicy,
    OffloadPolicy,
    fully_shard,
)
from torch.distributed.tensor import DTensor

from t5tune.console import say
from t5tune.distributed.sharded_tensors import gather_tensor
from t5tune.distributed.sharding_refusals import (
    WITHOUT_SHARDING,
    not_in_force,
    refuse_unequal_parts,
)
from t5tune.distributed.whole_copy import keep_skeleton
from t5tune.errors import T5TuneError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Inside = Callable[[Callable[..., Any]], Any]


def shard_model(
    model: PreTrainedModel, device: torch.device, *, bf16: bool, cpu_offload: bool
) -> None:
    """Shard a model's weights in place; every process must call this.

    The optimizer is built afterwards. Blocks move to the device one after another, so that the
    model need not fit onto it.

    Args:
        model: Model on the CPU, the same in every process (`broadcast_weights`). Its parameters
            become `DTensor`s, its class becomes a subclass.
        device: Device on which this process computes.
        bf16: Whether to gather the weights and compute in bf16; the weights and their gradients
            stay in fp32.
        cpu_offload: Whether to keep weights, gradients and optimizer state in main memory.

    Raises:
        T5TuneError: The model has no blocks that could be gathered one at a time, or the weights
            are not really sharded.
    """
    refuse_unequal_parts(model)
    blocks = find_blocks(model)
    if cpu_offload and device.type == "cpu":
        say("training.cpu_offload: without a GPU, weights are in the main memory anyway")
    keep_skeleton(model)
    mesh = _build_mesh(device)
    precision = MixedPrecisionPolicy(
        param_dtype=torch.bfloat16 if bf16 else None, reduce_dtype=torch.float32
    )
    offload = OffloadPolicy()
    if cpu_offload:
        offload = CPUOffloadPolicy(pin_memory=device.type != "cpu")
    for module in (*blocks, model):
        fully_shard(module, mesh=mesh, mp_policy=precision, offload_policy=offload)
    # T5's position bias is such a view, but it is not changed in place.
    warnings.filterwarnings("ignore", message="FSDP2-wrapped module .* returned a view tensor")
    held = check_weights(model)
    say(
        f"sharding: fsdp, {dist.get_world_size()} processes; this one holds "
        f"{held.local:,} of {held.full:,} weights"
    )


def find_blocks(model: PreTrainedModel) -> list[torch.nn.Module]:
    """Return the transformer blocks: the members of lists right below the encoder or decoder.

    Raises:
        T5TuneError: There are no such blocks.
    """
    blocks = [
        block
        for stack in (model.get_encoder(), model.get_decoder())
        for child in stack.children()
        if isinstance(child, torch.nn.ModuleList)
        for block in child
    ]
    if not blocks:
        raise T5TuneError(
            f"training.sharding: {model.config.model_type} keeps its transformer blocks where "
            "t5tune does not find them, so its weights cannot be sharded.",
            next_command=WITHOUT_SHARDING,
        )
    return blocks


def _build_mesh(device: torch.device) -> DeviceMesh:
    """Build a mesh with all processes in one row, which can also add up tensors in main memory."""
    backend = "cpu:gloo"
    if device.type != "cpu":
        backend += f",{device.type}:{dist.get_default_backend_for_device(device)}"
    return DeviceMesh.from_group(dist.new_group(backend=backend), device.type)


def accept_inside(model: PreTrainedModel) -> None:
    """Make the model's forward, which is final now, accept a function to call inside it.

    There, embeddings and output layer are gathered. Outside they are shards, and their gradients
    would not be added up. The function is given the model's own forward and returns tensors.
    """
    plain = model.forward

    @functools.wraps(plain)
    def forward(*arguments: Any, inside: Inside | None = None, **keywords: Any) -> Any:
        return plain(*arguments, **keywords) if inside is None else inside(plain)

    model.forward = forward


@dataclass(frozen=True)
class LocalShare:
    """Number of elements of some tensors that a process holds."""

    local: int  # in its memory
    full: int  # of the full tensors
    unsharded: int  # in its memory, of tensors that are not sharded


def count_local_share(tensors: Iterable[torch.Tensor]) -> LocalShare:
    """Count the elements that this process holds of tensors, of which some are sharded."""
    tensors = list(tensors)
    full = sum(t.numel() for t in tensors)
    unsharded = sum(t.numel() for t in tensors if not isinstance(t, DTensor))
    sharded = sum(t.to_local().numel() for t in tensors if isinstance(t, DTensor))
    return LocalShare(unsharded + sharded, full, unsharded)


def check_weights(model: torch.nn.Module) -> LocalShare:
    """Return the share of a model's weights that this process holds.

    Raises:
        T5TuneError: It holds more than its share.
    """
    held = count_local_share(model.parameters())
    share = held.full / dist.get_world_size()
    # Rows are not split: a process may have one row more of each parameter than others.
    if held.unsharded or held.local > share + _row_elements(model.parameters()):
        raise not_in_force("weights", held.local, held.full)
    return held


def check_optimizer_state(optimizer: torch.optim.Optimizer) -> None:
    """Check, after a step, that this process holds its share of an optimizer's state.

    Raises:
        T5TuneError: It holds more than its share.
    """
    values = [value for of_parameter in optimizer.state.values() for value in of_parameter.values()]
    held = count_local_share(value for value in values if isinstance(value, torch.Tensor))
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    rows = _row_elements(parameters)
    # Adafactor's means over rows are as large as one row and are not sharded.
    share = (held.full - held.unsharded) / dist.get_world_size()
    sharded = held.local - held.unsharded
    if held.unsharded > rows + len(parameters) or sharded > share + 2 * rows:
        raise not_in_force("the optimizer's state", held.local, held.full)


def _row_elements(parameters: Iterable[torch.Tensor]) -> int:
    """Count the elements of one row of each parameter."""
    return sum(p.numel() // max(1, p.shape[0]) for p in parameters)


def gather_optimizer_state(optimizer: torch.optim.Optimizer, *, keep: bool) -> dict[str, Any]:
    """Return the full state dict of a sharded model's optimizer; see `gather_weights`."""
    found = optimizer.state_dict()
    for index, of_parameter in found["state"].items():
        # Not in place: these are the optimizer's own dictionaries.
        found["state"][index] = whole = dict(of_parameter)
        for key, value in of_parameter.items():
            if isinstance(value, torch.Tensor):
                value = gather_tensor(value)
                whole[key] = value.cpu() if keep else value.new_empty(0)
    return found if keep else {}

"""A full copy of a sharded model for `generate`, which cannot run on shards."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch.distributed.tensor import DTensor

from t5tune.distributed.sharded_tensors import gather_tensor

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def keep_skeleton(model: PreTrainedModel) -> None:
    """Keep a copy of a model's structure before it is sharded, for `full_model`."""
    # It is not a submodule, which would be saved and trained.
    object.__setattr__(model, "_skeleton", _copy_with(model, _to_meta))


@contextmanager
def full_model(model: PreTrainedModel) -> Iterator[PreTrainedModel]:
    """Yield a full copy of a sharded model, for `generate`.

    Every process gets a copy of its own, which takes the memory of all weights, and may use it for
    any length of time. A model that is not sharded is yielded as it is. Every process must enter
    the block; leaving it needs no communication.
    """
    skeleton: PreTrainedModel | None = getattr(model, "_skeleton", None)
    if skeleton is None:
        yield model
        return
    with torch.no_grad():
        weights = {name: gather_tensor(p) for name, p in model.named_parameters()}
    buffers: dict[str, torch.Tensor] = dict(model.named_buffers())
    device = next(iter(buffers.values())).device if buffers else _device_of(model)
    parts = (*skeleton.named_parameters(), *skeleton.named_buffers())
    names = {id(tensor): name for name, tensor in parts}

    def fill(tensor: torch.Tensor) -> torch.Tensor:
        name = names[id(tensor)]
        if name in buffers:
            return buffers[name]
        return torch.nn.Parameter(weights.pop(name).to(device), requires_grad=False)

    yield _copy_with(skeleton, fill)


def _device_of(model: torch.nn.Module) -> torch.device:
    """Return the device on which a sharded model computes; offloaded weights lie elsewhere."""
    parameter = next(model.parameters())
    if not isinstance(parameter, DTensor):
        return parameter.device
    kind = parameter.device_mesh.device_type
    return torch.device(kind, torch.cuda.current_device()) if kind == "cuda" else torch.device(kind)


def _copy_with(
    model: PreTrainedModel, replace: Callable[[torch.Tensor], torch.Tensor]
) -> PreTrainedModel:
    """Copy a model with other parameters and buffers; tied weights stay tied."""
    memo = {id(tensor): replace(tensor) for tensor in (*model.parameters(), *model.buffers())}
    return copy.deepcopy(model, memo)


def _to_meta(tensor: torch.Tensor) -> torch.Tensor:
    shape = tensor.detach().to("meta")
    return torch.nn.Parameter(shape, False) if isinstance(tensor, torch.nn.Parameter) else shape

"""Tensors of which each process holds a part, by FSDP or by DeepSpeed (ZeRO).

DeepSpeed's are known without importing it first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch.distributed.tensor import DTensor, Placement, distribute_tensor


def is_sharded(model: torch.nn.Module) -> bool:
    """Return whether FSDP divides a model's weights among processes."""
    return any(isinstance(parameter, DTensor) for parameter in model.parameters())


def is_zero_parameter(tensor: torch.Tensor) -> bool:
    """Return whether DeepSpeed divides a parameter (stage 3) or its fp32 weights (stage 2)."""
    return hasattr(tensor, "ds_id") or hasattr(tensor, "_hp_mapping")


def num_elements(parameter: torch.Tensor) -> int:
    """Count the numbers of a whole parameter, of which this process may hold a part."""
    return int(getattr(parameter, "ds_numel", parameter.numel()))


def gather_tensor(tensor: torch.Tensor) -> torch.Tensor:
    """Return the whole of a tensor; if it is divided, every process must call this.

    Args:
        tensor: DeepSpeed's are known by the parameter itself, not by what `detach` makes of it.
    """
    if is_zero_parameter(tensor):
        return _gather_zero_parameter(tensor)
    if not isinstance(tensor, DTensor):
        return tensor
    whole: torch.Tensor = tensor.full_tensor()
    return whole


def _gather_zero_parameter(parameter: torch.Tensor) -> torch.Tensor:
    """Return the whole of a parameter in fp32."""
    import deepspeed
    from deepspeed.utils import safe_get_full_fp32_param

    whole: torch.Tensor | None = safe_get_full_fp32_param(parameter)
    if whole is not None:
        return whole
    with deepspeed.zero.GatheredParameters([parameter]):  # one that is not trained
        return parameter.detach().float().clone()


def gather_weights(model: torch.nn.Module, *, keep: bool) -> dict[str, torch.Tensor]:
    """Return the full state dict of a sharded model; every process must call this.

    Tensors are gathered one after another.

    Args:
        model: Sharded.
        keep: Whether this process wants them, in its main memory; the others only help.

    Returns:
        A state dict, empty where it is not wanted. Tied weights are one tensor.
    """
    kept: dict[str, torch.Tensor] = {}
    gathered: dict[int, torch.Tensor] = {}
    for name, tensor in model.state_dict(keep_vars=True).items():
        if id(tensor) not in gathered:
            with torch.no_grad():
                whole = gather_tensor(tensor).detach()
            gathered[id(tensor)] = whole.cpu() if keep else whole.new_empty(0)
        if keep:
            kept[name] = gathered[id(tensor)]
    return kept


def divide_like(whole: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Return this process's part of a whole tensor if another one of its shape is divided."""
    if not isinstance(other, DTensor) or isinstance(whole, DTensor):
        return whole
    return divide(whole, other, other.placements)


def divide(whole: torch.Tensor, other: DTensor, placements: Sequence[Placement]) -> torch.Tensor:
    """Return this process's part of a whole tensor, among the processes that divide another."""
    whole = whole.to(other.to_local().device)
    # None: every process has the whole, nothing needs to be sent.
    part: torch.Tensor = distribute_tensor(whole, other.device_mesh, placements, src_data_rank=None)
    return part


@torch.no_grad()
def load_weights(model: torch.nn.Module, weights: Mapping[str, torch.Tensor]) -> None:
    """Give a model, sharded or not, whole weights; names that it does not have are left out."""
    for name, parameter in model.named_parameters():
        if name in weights:
            parameter.copy_(divide_like(weights[name], parameter))

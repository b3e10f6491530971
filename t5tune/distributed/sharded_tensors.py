"""Tensors that FSDP or DeepSpeed (ZeRO) shards among processes.

DeepSpeed's tensors are recognized without importing DeepSpeed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch.distributed.tensor import DTensor, Placement, distribute_tensor


def is_sharded(model: torch.nn.Module) -> bool:
    """Return whether FSDP shards a model's weights."""
    return any(isinstance(parameter, DTensor) for parameter in model.parameters())


def is_zero_parameter(tensor: torch.Tensor) -> bool:
    """Return whether DeepSpeed shards a parameter (stage 3) or its fp32 weights (stage 2)."""
    return hasattr(tensor, "ds_id") or hasattr(tensor, "_hp_mapping")


def num_elements(parameter: torch.Tensor) -> int:
    """Count the elements of a full parameter, of which this process may hold a shard."""
    return int(getattr(parameter, "ds_numel", parameter.numel()))


def local_shard(parameter: torch.Tensor) -> torch.Tensor:
    """Return what this process holds of a parameter: all of it if it is not sharded."""
    with torch.no_grad():
        if isinstance(parameter, DTensor):
            return parameter.to_local()
        held: torch.Tensor = getattr(parameter, "ds_tensor", parameter)  # of DeepSpeed's stage 3
        return held.detach()


def gather_tensor(tensor: torch.Tensor) -> torch.Tensor:
    """Return the full tensor; if it is sharded, every process must call this.

    DeepSpeed's parameters, which are returned in fp32, are not recognized after `detach`.
    """
    if is_zero_parameter(tensor):
        import deepspeed
        from deepspeed.utils import safe_get_full_fp32_param

        found: torch.Tensor | None = safe_get_full_fp32_param(tensor)
        if found is not None:
            return found
        with deepspeed.zero.GatheredParameters([tensor]):  # a parameter that is not trained
            return tensor.detach().float().clone()
    whole: torch.Tensor = tensor.full_tensor() if isinstance(tensor, DTensor) else tensor
    return whole


def gather_weights(model: torch.nn.Module, *, keep: bool) -> dict[str, torch.Tensor]:
    """Return the full state dict of a sharded model; every process must call this.

    Tensors are gathered one after another; tied weights are one tensor. A process that does not
    keep them only takes part and gets nothing; the others get them in main memory.
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


def shard_like(whole: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Return this process's shard of a full tensor if another one of its shape is sharded."""
    if not isinstance(other, DTensor) or isinstance(whole, DTensor):
        return whole
    return shard(whole, other, other.placements)


def shard(whole: torch.Tensor, other: DTensor, placements: Sequence[Placement]) -> torch.Tensor:
    """Return this process's shard of a full tensor, sharded as another one is."""
    whole = whole.to(other.to_local().device)
    # None: every process has the full tensor, so nothing is sent.
    part: torch.Tensor = distribute_tensor(whole, other.device_mesh, placements, src_data_rank=None)
    return part


@torch.no_grad()
def load_weights(model: torch.nn.Module, weights: Mapping[str, torch.Tensor]) -> None:
    """Load full weights into a model, sharded or not; names that it does not have are ignored."""
    for name, parameter in model.named_parameters():
        if name in weights:
            parameter.copy_(shard_like(weights[name], parameter))

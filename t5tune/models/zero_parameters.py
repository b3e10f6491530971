"""Parameters that DeepSpeed divides among processes (ZeRO), without importing DeepSpeed first."""

from __future__ import annotations

import torch


def is_zero_parameter(tensor: torch.Tensor) -> bool:
    """Whether a parameter is DeepSpeed's: divided (stage 3), or with divided fp32 weights."""
    return hasattr(tensor, "ds_id") or hasattr(tensor, "_hp_mapping")


def num_elements(parameter: torch.Tensor) -> int:
    """Of the whole of a parameter, of which this process may hold a part."""
    return int(getattr(parameter, "ds_numel", parameter.numel()))


def gather_zero_parameter(parameter: torch.Tensor) -> torch.Tensor:
    """The whole of a parameter in fp32; every process calls this."""
    import deepspeed
    from deepspeed.utils import safe_get_full_fp32_param

    whole: torch.Tensor | None = safe_get_full_fp32_param(parameter)
    if whole is not None:
        return whole
    with deepspeed.zero.GatheredParameters([parameter]):  # one that is not trained
        return parameter.detach().float().clone()

"""Adafactor on parameters that are sharded across processes by rows.

The factored second moment needs means over all rows, and the step size the norm of the full
parameter: each process adds up its own part, and the processes add up the sums. The result is
that of `Adafactor` on full parameters, up to rounding.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch.distributed.tensor import DTensor, Shard

from t5tune.training.optim.adafactor import (
    DECAY_EXPONENT,
    EPSILON_SQUARE,
    Adafactor,
    apply_update,
    divide,
    gradient_of,
)


class ShardedAdafactor(Adafactor):
    """`Adafactor` for `DTensor`s that are sharded along their first dimension.

    The state has the same shapes as there and is sharded like the parameters, except for the means
    over rows, which every process has: `columns` of matrices.
    """

    def _update(self, parameters: list[torch.nn.Parameter], group: dict[str, Any]) -> None:
        first = parameters[0]
        assert isinstance(first, DTensor)
        state = self.state[first]
        gradients = torch.stack([_local(gradient_of(p)) for p in parameters])
        state["step"] = state.get("step", 0) + 1
        kept = 1.0 - state["step"] ** DECAY_EXPONENT
        if "rows" not in state and "squares" not in state:
            _start_state(state, gradients, first)
        if first.dim() == 2:
            update, mean_square = _update_matrices(state, gradients, kept, first)
        else:  # vectors, or stacks of which each process has full matrices, such as experts
            moments = {key: _local(state[key]) for key in state if key != "step"}
            update, _ = divide(moments, gradients, kept)
            mean_square = _add_up(update.square().flatten(1).sum(dim=1), first) / first.numel()
        rates = self._rates([*parameters], group)
        shards = [_local(p) for p in parameters]
        apply_update(shards, update, mean_square, rates, group["weight_decay"])

    def _scales(self, parameters: list[torch.Tensor]) -> torch.Tensor:
        first = parameters[0]
        assert isinstance(first, DTensor)
        squares = torch.stack([_local(p).float().square().sum() for p in parameters])
        return (_add_up(squares, first) / first.numel()).sqrt_()


def sharded_dimension(key: str, parameter: torch.Tensor) -> int | None:
    """Return the dimension along which a state tensor is sharded; None if every process has it.

    The parameter itself is sharded along its first dimension.
    """
    if key in ("rows", "squares") or (key == "columns" and parameter.dim() > 2):
        return 1  # dimension 0 counts the stack
    return None


def _start_state(state: dict[str, Any], gradients: torch.Tensor, first: DTensor) -> None:
    parts = {"squares": gradients}
    if first.dim() >= 2:
        parts = {"rows": gradients[..., 0], "columns": gradients[..., 0, :]}
    for key, part in parts.items():
        zeros, is_sharded = torch.zeros_like(part), sharded_dimension(key, first) is not None
        state[key] = _as_shard(zeros, first) if is_sharded else zeros


def _as_shard(part: torch.Tensor, first: DTensor) -> DTensor:
    """Return a shard of shape (num_parameters, local size, …) as a `DTensor`."""
    shape = torch.Size((part.shape[0], first.shape[0], *part.shape[2:]))
    stride = torch.empty(shape, device="meta").stride()
    return DTensor.from_local(
        part, first.device_mesh, [Shard(1)], run_check=False, shape=shape, stride=stride
    )


def _update_matrices(
    state: dict[str, Any], gradients: torch.Tensor, kept: float, first: DTensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Update matrices as `adafactor.divide` does; gradients: (num, local rows, columns)."""
    squares = gradients.square()
    num_rows = first.shape[0]
    rows, columns = _local(state["rows"]), state["columns"]
    rows.lerp_(squares.mean(dim=-1).add_(EPSILON_SQUARE), 1.0 - kept)
    means = _add_up(squares.sum(dim=-2), first) / num_rows
    columns.lerp_(means.add_(EPSILON_SQUARE), 1.0 - kept)
    column_factor = columns.rsqrt()
    by_row = (squares @ column_factor.square().unsqueeze(-1)).squeeze(-1)
    # The mean of the rows is a factor of each row's: both are summed in one call.
    sums = torch.stack([rows.sum(dim=-1), (by_row / rows).sum(dim=-1)])
    mean_of_rows, weighted = _add_up(sums, first)
    mean_of_rows = mean_of_rows / num_rows
    row_factor = (rows / mean_of_rows.unsqueeze(-1)).rsqrt_()
    gradients.mul_(row_factor.unsqueeze(-1)).mul_(column_factor.unsqueeze(-2))
    return gradients, mean_of_rows * weighted / first.numel()


def _add_up(part: torch.Tensor, first: DTensor) -> torch.Tensor:
    """Return the sum over all processes that a parameter is sharded across."""
    dist.all_reduce(part, group=first.device_mesh.get_group())
    return part


def _local(tensor: torch.Tensor) -> torch.Tensor:
    assert isinstance(tensor, DTensor)
    return tensor.to_local()

"""Adafactor (Shazeer and Stern 2018) on stacks of parameters of one shape.

A T5 has more than a hundred weight matrices of half a dozen shapes. Updating each by itself takes
thousands of small operations per step, a seventh of the step of a small model on a CPU
(docs/benchmarks.md). Here all parameters of a shape are one tensor with a leading dimension.
The result equals that of `transformers.Adafactor` up to rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch

DECAY_EXPONENT = -0.8  # section 7.2: beta2 = 1 - step ** -0.8
EPSILON_SQUARE = 1e-30  # added to squared gradients, section 4
EPSILON_SCALE = 1e-3  # smallest scale of a parameter, section 8
CLIP_THRESHOLD = 1.0  # largest root mean square of an update, section 6

STACK_ELEMENTS = 1 << 24  # larger stacks need memory and are no faster
# Updated at a time on a CPU: an update goes over its numbers a dozen times, and 1 MB of them stay
# in a core's cache meanwhile (docs/benchmarks.md).
BLOCK_ELEMENTS = 1 << 18

Closure = Callable[[], float]


class Adafactor(torch.optim.Optimizer):
    """Adafactor with factored second moments and update clipping, without momentum.

    The state of a stack lies under its first parameter: `step`, `rows` and `columns` of shape
    (num_parameters, num_rows) and (num_parameters, num_columns), or for vectors `squares` of
    shape (num_parameters, size).

    Args:
        params: Parameters or groups; matrices and vectors.
        lr: Relative step size, or absolute without `scale_parameter`.
        scale_parameter: Whether steps are relative to the root mean square of each parameter
            (section 8).
        weight_decay: Share of a parameter that one step takes off, times its step size.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float,
        *,
        scale_parameter: bool = True,
        weight_decay: float = 0.0,
    ) -> None:
        defaults = {"lr": lr, "scale_parameter": scale_parameter, "weight_decay": weight_decay}
        super().__init__(params, defaults)

    # torch declares step as two overloads; one signature with a default serves both.
    @torch.no_grad()
    def step(self, closure: Closure | None = None) -> float | None:  # type: ignore[override]
        """Update every parameter; a missing gradient counts as zero."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for stack in _stack(group["params"]):
                self._update(stack, group)
        return loss

    def _update(self, parameters: list[torch.nn.Parameter], group: dict[str, Any]) -> None:
        first = parameters[0]
        state = self.state[first]
        state["step"] = state.get("step", 0) + 1
        kept = 1.0 - state["step"] ** DECAY_EXPONENT
        _start_state(state, len(parameters), first)
        per_block = len(parameters)
        if first.device.type == "cpu":
            per_block = max(1, BLOCK_ELEMENTS // first.numel())
        for start in range(0, len(parameters), per_block):
            block = slice(start, start + per_block)
            moments = {key: state[key][block] for key in state if key != "step"}
            if first.device.type == "cpu" and first.dim() == 2 and first.numel() > BLOCK_ELEMENTS:
                self._update_by_rows(parameters[start], moments, kept, group)
            else:
                self._update_block(parameters[block], moments, kept, group)

    def _update_block(
        self,
        parameters: list[torch.nn.Parameter],
        moments: dict[str, torch.Tensor],
        kept: float,
        group: dict[str, Any],
    ) -> None:
        tensors: list[torch.Tensor] = [*parameters]
        gradients = torch.stack([gradient_of(p) for p in parameters])
        update, mean_square = divide(moments, gradients, kept)
        rates = self._rates(tensors, group)
        apply_update(tensors, update, mean_square, rates, group["weight_decay"])

    def _update_by_rows(
        self,
        parameter: torch.nn.Parameter,
        moments: dict[str, torch.Tensor],
        kept: float,
        group: dict[str, Any],
    ) -> None:
        """Update one large matrix, some rows at a time; see `divide`."""
        rows, columns = moments["rows"][0], moments["columns"][0]
        per_block = max(1, BLOCK_ELEMENTS // parameter.shape[1])
        weights = torch.split(parameter.detach(), per_block)
        gradients = torch.split(gradient_of(parameter), per_block)
        row_means, column_sums = [], torch.zeros_like(columns)
        for gradient in gradients:
            squares = gradient.square()
            row_means.append(squares.mean(dim=1))
            column_sums += squares.sum(dim=0)
        rows.lerp_(torch.cat(row_means).add_(EPSILON_SQUARE), 1.0 - kept)
        columns.lerp_((column_sums / len(rows)).add_(EPSILON_SQUARE), 1.0 - kept)
        row_factor, column_factor = (rows / rows.mean()).rsqrt_(), columns.rsqrt()
        by_row = torch.cat([gradient.square() @ column_factor.square() for gradient in gradients])
        mean_square = (by_row * row_factor.square()).sum() / parameter.numel()
        rate = self._rates([parameter], group)[0]
        row_factor *= _clip_rates(rate, mean_square)
        for weight, gradient, factor in zip(
            weights, gradients, torch.split(row_factor, per_block), strict=True
        ):
            if group["weight_decay"]:
                weight.mul_((1.0 - group["weight_decay"] * rate).to(weight.dtype))
            update = gradient * factor.unsqueeze(-1)
            weight.sub_(update.mul_(column_factor).to(weight.dtype))

    def _rates(self, parameters: list[torch.Tensor], group: dict[str, Any]) -> torch.Tensor:
        """Return the step size of each parameter, shape (num_parameters,)."""
        if not group["scale_parameter"]:
            return torch.full((len(parameters),), group["lr"], device=parameters[0].device)
        return self._scales(parameters).clamp_(min=EPSILON_SCALE).mul_(group["lr"])

    def _scales(self, parameters: list[torch.Tensor]) -> torch.Tensor:
        """Return the root mean square of each parameter, shape (num_parameters,)."""
        norms = torch.stack(torch._foreach_norm(parameters)).float()
        scales: torch.Tensor = norms / parameters[0].numel() ** 0.5
        return scales


def _stack(parameters: list[torch.nn.Parameter]) -> list[list[torch.nn.Parameter]]:
    """Group parameters of equal shape, at most STACK_ELEMENTS elements a group, in fixed order."""
    stacks: dict[tuple[Any, ...], list[list[torch.nn.Parameter]]] = {}
    for parameter in parameters:
        of_shape = stacks.setdefault((parameter.shape, parameter.dtype, parameter.device), [[]])
        if (len(of_shape[-1]) + 1) * parameter.numel() > STACK_ELEMENTS and of_shape[-1]:
            of_shape.append([])
        of_shape[-1].append(parameter)
    return [stack for of_shape in stacks.values() for stack in of_shape]


def _start_state(state: dict[str, Any], num: int, first: torch.Tensor) -> None:
    """Create the moments of a stack of parameters like the first, if they do not exist yet."""
    shapes = {"squares": first.shape}
    if first.dim() >= 2:
        shapes = {"rows": first.shape[:-1], "columns": first.shape[:-2] + first.shape[-1:]}
    for key, shape in shapes.items():
        if key not in state:
            state[key] = torch.zeros(num, *shape, device=first.device)


def apply_update(
    tensors: list[torch.Tensor],
    update: torch.Tensor,
    mean_square: torch.Tensor,
    rates: torch.Tensor,
    weight_decay: float,
) -> None:
    """Step parameters against their update, shape (num_parameters, …), with clipped step sizes."""
    update.mul_(_clip_rates(rates, mean_square).view((-1,) + (1,) * (update.dim() - 1)))
    if weight_decay:
        shares = (1.0 - weight_decay * rates).unbind()
        torch._foreach_mul_(tensors, [s.to(t.dtype) for s, t in zip(shares, tensors, strict=True)])
    torch._foreach_sub_(tensors, [u.to(t.dtype) for u, t in zip(update, tensors, strict=True)])


def _clip_rates(rates: torch.Tensor, mean_square: torch.Tensor) -> torch.Tensor:
    """Return step sizes with which no update exceeds CLIP_THRESHOLD in root mean square."""
    return rates / (mean_square.sqrt() / CLIP_THRESHOLD).clamp_(min=1.0)


def gradient_of(parameter: torch.nn.Parameter) -> torch.Tensor:
    if parameter.grad is None:
        return torch.zeros_like(parameter, dtype=torch.float32)
    return parameter.grad.float()


def divide(
    moments: dict[str, torch.Tensor], gradients: torch.Tensor, kept: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Divide gradients by the square root of their second moment, factored for matrices.

    Algorithm 4 of the paper for matrices, with unfactored moments for vectors.

    Args:
        moments: Moments of the stack, which are updated.
        gradients: Shape (num_parameters, …, num_rows, num_columns) or (num_parameters, size);
            becomes the update.
        kept: beta2 of this step.

    Returns:
        The update, in the memory of the gradients, and its mean square for each parameter.
    """
    squares = gradients.square()
    if gradients.dim() < 3:
        moments["squares"].lerp_(squares.add_(EPSILON_SQUARE), 1.0 - kept)
        gradients.mul_(moments["squares"].rsqrt())
        return gradients, gradients.square().flatten(1).mean(dim=1)
    rows, columns = moments["rows"], moments["columns"]
    rows.lerp_(squares.mean(dim=-1).add_(EPSILON_SQUARE), 1.0 - kept)
    columns.lerp_(squares.mean(dim=-2).add_(EPSILON_SQUARE), 1.0 - kept)
    row_factor = (rows / rows.mean(dim=-1, keepdim=True)).rsqrt_()
    column_factor = columns.rsqrt()
    # The mean square of the update is known before the update: one product less.
    by_row = (squares @ column_factor.square().unsqueeze(-1)).squeeze(-1)
    mean_square = (by_row * row_factor.square()).flatten(1).sum(dim=1)
    mean_square /= squares[0].numel()
    gradients.mul_(row_factor.unsqueeze(-1)).mul_(column_factor.unsqueeze(-2))
    return gradients, mean_square

from __future__ import annotations

import pytest
import torch

from t5tune.training.step.clipping import clip_on_cpu


def build(factor: float) -> list[torch.nn.Parameter]:
    generator = torch.Generator().manual_seed(0)
    parameters = [torch.nn.Parameter(torch.zeros(size)) for size in ((3, 4), (5,), (2,))]
    for parameter in parameters[:2]:  # the last one has no gradient
        parameter.grad = factor * torch.randn(parameter.shape, generator=generator)
    return parameters


@pytest.mark.parametrize("factor", [0.0, 1e-3, 0.3, 1.0, 1e6, float("inf"), float("nan")])
@pytest.mark.parametrize("max_norm", [1.0, 0.5, float("inf")])
def test_gradients_and_norm_are_those_of_torch(factor: float, max_norm: float) -> None:
    expected, clipped = build(factor), build(factor)
    norm = torch.nn.utils.clip_grad_norm_(expected, max_norm)
    torch.testing.assert_close(clip_on_cpu(clipped, max_norm), norm, rtol=0, atol=0, equal_nan=True)
    for one, other in zip(clipped[:2], expected[:2], strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=0, atol=0, equal_nan=True)


def test_short_gradients_are_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the gradients were multiplied")

    monkeypatch.setattr("t5tune.training.step.clipping.clip_grads_with_norm_", refuse)
    clip_on_cpu(build(1e-3), 1.0)
    with pytest.raises(AssertionError):
        clip_on_cpu(build(1.0), 1.0)

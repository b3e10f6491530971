"""Compare our Adafactor with the one in transformers."""

from __future__ import annotations

import copy

import pytest
import torch
import transformers
from pydantic import ValidationError

from t5tune.recipe.sections.training_section import TrainingSection
from t5tune.training.optim import adafactor
from t5tune.training.optim.adafactor import Adafactor
from t5tune.training.optim.building import build_optimizer
from tests.tiny_sections import fitted_training


def build_model() -> torch.nn.Module:
    torch.manual_seed(0)
    layers = [torch.nn.Linear(6, 6) for _ in range(3)]
    return torch.nn.Sequential(torch.nn.Embedding(9, 6), *layers, torch.nn.Linear(6, 4))


def groups(model: torch.nn.Module, weight_decay: float) -> list[dict[str, object]]:
    parameters = list(model.parameters())
    return [
        {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
    ]


def train(model: torch.nn.Module, optimizer: torch.optim.Optimizer, steps: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        ids = torch.randint(0, 9, (5,), generator=generator)
        goal = torch.randn(5, 4, generator=generator)
        loss = (model(ids) - 30 * goal).square().mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()


@pytest.mark.parametrize(
    ("stack_elements", "block_elements"),
    # One parameter at a time, some rows of a matrix, some matrices of a stack, or all at once.
    [(1, 1 << 18), (80, 8), (1 << 24, 40), (1 << 24, 80), (1 << 24, 1 << 18)],
)
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
@pytest.mark.parametrize("scale_parameter", [True, False])
def test_it_is_the_reference_to_rounding(
    scale_parameter: bool,
    weight_decay: float,
    stack_elements: int,
    block_elements: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(adafactor, "STACK_ELEMENTS", stack_elements)
    monkeypatch.setattr(adafactor, "BLOCK_ELEMENTS", block_elements)
    own, reference = build_model(), build_model()
    train(own, Adafactor(groups(own, weight_decay), 0.02, scale_parameter=scale_parameter), 20, 1)
    other = transformers.Adafactor(
        groups(reference, weight_decay), lr=0.02, scale_parameter=scale_parameter,
        relative_step=False, warmup_init=False,
    )  # fmt: skip
    train(reference, other, 20, 1)
    for a, b in zip(own.parameters(), reference.parameters(), strict=True):
        assert not torch.equal(a, torch.zeros_like(a))
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


def test_a_saved_state_continues_bit_identically() -> None:
    whole = build_model()
    optimizer = Adafactor(groups(whole, 0.1), 0.02)
    train(whole, optimizer, 5, 1)
    resumed = copy.deepcopy(whole)
    again = Adafactor(groups(resumed, 0.1), 0.02)
    again.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    train(whole, optimizer, 5, 2)
    train(resumed, again, 5, 2)
    for a, b in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("from_scratch", [True, False])
@pytest.mark.parametrize("asked", [True, False, None])
def test_steps_are_relative_from_scratch_unless_the_recipe_says_otherwise(
    from_scratch: bool, asked: bool | None
) -> None:
    section = fitted_training(optim="adafactor", scale_parameter=asked)
    optimizer = build_optimizer(build_model(), section, from_scratch=from_scratch)
    expected = from_scratch if asked is None else asked
    assert [group["scale_parameter"] for group in optimizer.param_groups] == [expected] * 2


def test_other_optimizers_have_no_relative_steps() -> None:
    with pytest.raises(ValidationError, match="`scale_parameter` requires `optim: adafactor`"):
        TrainingSection(scale_parameter=True)

"""Test regularizers of the weights: rates by layer, and the decay towards the start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from t5tune.errors import T5TuneError
from t5tune.recipe.sections.regularization_section import RegularizationSection
from t5tune.training.optim.building import build_optimizer
from t5tune.training.regularizers.recipe_regularizers import build_regularization, find_rates
from t5tune.training.regularizers.regularizer import RunParts
from tests.tiny_families import build_translator
from tests.tiny_sections import fitted_training

DECAY, RATE, SHARE = 0.5, 0.01, 0.3


def rate_groups(model: Any, **settings: Any) -> tuple[torch.optim.Optimizer, dict[str, float]]:
    """Return an optimizer with rates by layer, and the rate of each parameter."""
    section = fitted_training(learning_rate=RATE, **settings)
    rates = find_rates(RegularizationSection(layerwise_lr_decay=DECAY), model)
    optimizer = build_optimizer(model, section, from_scratch=False, rates=rates)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    found = {names[id(p)]: g["lr"] for g in optimizer.param_groups for p in g["params"]}
    assert found.keys() == set(names.values()), "each parameter is in a group, tied ones once"
    return optimizer, found


@pytest.mark.parametrize("family", ["t5", "bart"])
def test_rates_fall_from_the_top_of_each_stack_to_the_embeddings(
    family: str, tmp_path: Path
) -> None:
    optimizer, rates = rate_groups(build_translator(family, tmp_path).model)
    depth = 2 if family == "t5" else 1  # tiny T5s have two layers, and BARTs one
    for name, rate in rates.items():
        below = depth if "shared" in name or "embed" in name else 0
        if any(f"{part}.0." in name for part in ("block", "layers")):
            below = depth - 1
        assert rate == pytest.approx(RATE * DECAY**below), name
    assert len(set(rates.values())) == depth + 1
    assert optimizer.param_groups[0]["lr"] == RATE, "the first one is logged"


@pytest.mark.parametrize("optim", ["adafactor", "adamw_torch"])
def test_a_rate_scales_the_steps_of_its_layer(optim: Any, tmp_path: Path) -> None:
    def step(*, with_rates: bool) -> dict[str, torch.Tensor]:
        model = build_translator("t5", tmp_path).model
        before = {name: p.detach().clone() for name, p in model.named_parameters()}
        if with_rates:
            optimizer, _ = rate_groups(model, optim=optim)
        else:
            section = fitted_training(learning_rate=RATE, optim=optim)
            optimizer = build_optimizer(model, section, from_scratch=False)
        generator = torch.Generator().manual_seed(0)
        for parameter in model.parameters():
            parameter.grad = torch.randn(parameter.shape, generator=generator)
        optimizer.step()
        return {name: p.detach() - before[name] for name, p in model.named_parameters()}

    plain, scaled = step(with_rates=False), step(with_rates=True)
    _, rates = rate_groups(build_translator("t5", tmp_path).model)
    for name, change in plain.items():
        torch.testing.assert_close(
            scaled[name], change * rates[name] / RATE, rtol=1e-3, atol=1e-6, msg=name
        )


def build_decay(model: Any, folder: Path, *, is_resumed: bool) -> Any:
    section = fitted_training(learning_rate=RATE)
    rates = find_rates(RegularizationSection(layerwise_lr_decay=DECAY), model)
    optimizer = build_optimizer(model, section, from_scratch=False, rates=rates)
    start = folder / "start.safetensors"
    parts = RunParts(model, None, "", 0, 0.0, optimizer, start, is_resumed=is_resumed)  # type: ignore[arg-type]
    (callback,) = build_regularization(RegularizationSection(l2_sp=SHARE), parts).callbacks
    callback.on_train_begin(None, None, None)  # type: ignore[arg-type]
    return callback


def test_weights_decay_towards_the_start_also_after_resuming(tmp_path: Path) -> None:
    model = build_translator("t5", tmp_path).model
    start = {name: p.detach().clone() for name, p in model.named_parameters()}
    _, rates = rate_groups(model)
    decay = build_decay(model, tmp_path, is_resumed=False)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter))
    for one in (decay, build_decay(model, tmp_path, is_resumed=True)):
        before = {name: p.detach().clone() for name, p in model.named_parameters()}
        one.on_pre_optimizer_step(None, None, None)
        for name, parameter in model.named_parameters():
            expected = before[name] - rates[name] * SHARE * (before[name] - start[name])
            torch.testing.assert_close(parameter.detach(), expected, rtol=1e-6, atol=1e-6)
    (tmp_path / "start.safetensors").write_bytes(b"damaged")
    with pytest.raises(T5TuneError, match=r"missing or damaged.*l2_sp"):
        build_decay(model, tmp_path, is_resumed=True)


def test_r_drop_needs_dropout(tmp_path: Path) -> None:
    model = build_translator("t5", tmp_path).model
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        if hasattr(module, "dropout") and isinstance(module.dropout, float):
            module.dropout = 0.0
    parts = RunParts(
        model, None, "", 0, 0.0, torch.optim.SGD(model.parameters()), tmp_path, is_resumed=False
    )  # type: ignore[arg-type]
    with pytest.raises(T5TuneError, match="no dropout"):
        build_regularization(RegularizationSection(r_drop=1.0), parts)

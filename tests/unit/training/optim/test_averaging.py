"""Test the moving average of the weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from transformers import TrainerControl, TrainerState

from t5tune.training.optim.averaging import (
    WeightAverage,
    average_checkpoints,
    save_average,
    set_weights,
    weights_applied,
)


def step(average: WeightAverage, number: int) -> None:
    state = TrainerState(global_step=number)
    average.on_step_end(None, state, TrainerControl())  # type: ignore[arg-type]


def test_it_follows_its_formula_and_leaves_the_weights_alone() -> None:
    model = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(model.weight, 1.0)
    average = WeightAverage(model, decay=0.5)
    expected = 1.0
    for number, value in ((1, 3.0), (2, 5.0), (100, 7.0)):
        torch.nn.init.constant_(model.weight, value)
        step(average, number)
        kept = min(0.5, (1 + number) / (10 + number))
        expected = kept * expected + (1 - kept) * value
    assert average.weights["weight"].item() == pytest.approx(expected)
    with weights_applied(model, average.weights):
        assert model.weight.item() == pytest.approx(expected)
    assert model.weight.item() == 7.0


def test_tied_weights_are_averaged_once_and_a_checkpoint_brings_them_back(tmp_path: Path) -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2))
    model[1].weight = model[0].weight
    average = WeightAverage(model, decay=0.9)
    assert list(average.weights) == ["0.weight", "0.bias", "1.bias"]
    torch.nn.init.constant_(model[0].weight, 2.0)
    step(average, 50)
    save_average(average.gather(), tmp_path)
    other = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2))
    other[1].weight = other[0].weight
    again = WeightAverage(other, decay=0.9)
    again.load(tmp_path)
    assert torch.equal(again.weights["0.weight"], average.weights["0.weight"])
    set_weights(other, again.weights)
    assert torch.equal(other[1].weight, average.weights["0.weight"])


def test_the_mean_of_checkpoints(tmp_path: Path) -> None:
    for number, value in enumerate((1.0, 2.0, 6.0)):
        (tmp_path / str(number)).mkdir()
        weights = {"w": torch.full((2,), value, dtype=torch.bfloat16)}
        save_file(weights, tmp_path / str(number) / "model.safetensors")
    mean = average_checkpoints([tmp_path / str(number) for number in range(3)])
    assert mean["w"].dtype == torch.float32
    assert mean["w"].tolist() == pytest.approx([3.0, 3.0])

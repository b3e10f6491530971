from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from t5tune.errors import T5TuneError
from t5tune.training.callbacks.divergence import DivergenceWatch, has_diverged
from t5tune.training.checkpoints.writer import CheckpointWriter


def test_a_loss_that_stays_up_has_diverged() -> None:
    falling = [9.0, 6.0, 4.0, 3.0, 2.5]
    assert not has_diverged([*falling, 7.0, 7.0], 3)
    assert has_diverged([*falling, 7.0, 7.0, 7.0], 3)
    # The limit is twice the lowest loss plus one nat.
    assert not has_diverged([*falling, 6.0, 7.0, 7.0], 3)


def test_a_spike_and_the_start_of_training_have_not() -> None:
    assert not has_diverged([2.0, 2.0, 90.0, 90.0, 2.0, 2.0], 3)
    assert not has_diverged([9.0, 9.5, 10.0], 3)
    assert not has_diverged([], 3)
    # A loss near zero only has noise.
    assert not has_diverged([0.01] * 5 + [0.9] * 9, 3)


def test_the_error_names_the_step_and_the_best_checkpoint() -> None:
    watch = DivergenceWatch(
        CheckpointWriter(Path("checkpoints"), {}), learning_rate=3e-3, logging_steps=50
    )
    watch.check_logged([3.0, 2.0, 8.0, 9.0], 200, 100)
    with pytest.raises(
        T5TuneError, match=r"2\.000 and has been above 7\.000 for 150 steps"
    ) as error:
        watch.check_logged([3.0, 2.0, 8.0, 9.0, 7.0], 250, 100)
    assert "up to step 250" in str(error.value)
    assert "checkpoints/checkpoint-100 validated best" in str(error.value)


def test_a_nan_loss_is_noticed_at_once_on_a_cpu(tmp_path: Path) -> None:
    watch = DivergenceWatch(CheckpointWriter(tmp_path, {}), learning_rate=3e-3, logging_steps=50)
    watch.add(torch.tensor(1.0), 6)
    with pytest.raises(T5TuneError, match="nan at step 7; no checkpoint was saved yet"):
        watch.add(torch.tensor(float("nan")), 7)


@pytest.mark.parametrize("value", [float("nan"), float("-inf"), 1e35])
def test_ruined_weights_are_noticed_before_they_are_saved(tmp_path: Path, value: float) -> None:
    watch = DivergenceWatch(CheckpointWriter(tmp_path, {}), learning_rate=3e-3, logging_steps=50)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 2))
    model[0].weight.requires_grad_(False).fill_(float("nan"))  # frozen, and not of this training
    watch.check_weights(model, 7)
    with torch.no_grad():
        model[1].weight[1, 2] = value
    watch.check_weights(model, 7)  # no second pass over the weights of the same step
    with pytest.raises(T5TuneError) as error:
        watch.check_weights(model, 8)
    norm = "nan" if math.isnan(value) else "inf"
    assert error.value.message == (
        f"training diverged: the norm of the weights is {norm} after step 8; no checkpoint was "
        "saved yet."
    )
    assert "training.learning_rate=0.001 --restart" in str(error.value.next_command)

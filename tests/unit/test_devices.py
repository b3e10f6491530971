"""Test what a GPU would do, without one: no tensor stays behind on the CPU, nothing waits."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from transformers import TrainerControl, TrainerState

from t5tune.data.batching.packing import PackedCollator
from t5tune.data.encoding import IGNORED, Collator
from t5tune.decoding.alignments import find_alignments
from t5tune.decoding.translator import DecodingOptions
from t5tune.models.packed import accept_packed_rows
from t5tune.training.optim.averaging import WeightAverage
from t5tune.training.optim.building import build_optimizer
from t5tune.training.random_numbers import keeping_random_state, seed_if_saved_elsewhere
from t5tune.training.regularizers.in_force import Regularization
from t5tune.training.regularizers.kinds.r_drop import RDrop
from t5tune.training.regularizers.perturbed_passes import PerturbedPasses
from t5tune.training.step.batch_loss import BatchLoss, with_target_positions
from t5tune.training.step.objective import Objective
from t5tune.training.strategies.strategy import Strategy
from tests.device_ledger import DeviceLedger, MixedDevicesError
from tests.tiny_families import FAMILIES, build_translator

# What raises on a GPU under torch.use_deterministic_algorithms, of what text models could use.
WITHOUT_DETERMINISM = {
    "put_", "put_ of floats", "histc of floats", "bincount", "median of floats",
    "kthvalue of floats", "cumsum of floats", "nll_loss2d_forward of floats",
    "scatter_reduce of floats",
}  # fmt: skip

EXAMPLES = [
    {"input_ids": [5, 6, 7, 1], "labels": [6, 5, 1]},
    {"input_ids": [8, 1], "labels": [9, 10, 11, 7, 1]},
    {"input_ids": [9, 4, 1], "labels": [8, 1]},
]


@pytest.fixture
def ledger() -> DeviceLedger:
    return DeviceLedger()


def train_a_step(model: Any, batch: dict[str, torch.Tensor], optim: str) -> None:
    section: Any = SimpleNamespace(
        optim=optim, learning_rate=1e-3, weight_decay=0.01, scale_parameter=None, extra={}
    )
    optimizer = build_optimizer(model.train(), section, from_scratch=True)
    loss = BatchLoss(model, Strategy(optimizer), Objective(0.1), bf16=True, searches_unused=False)
    with torch.autocast("cpu", torch.bfloat16):
        total, _ = loss.sum(model, batch)
    total.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_step_of_a_family_leaves_nothing_on_the_cpu(
    family: str, tmp_path: Path, ledger: DeviceLedger
) -> None:
    model = ledger.give(build_translator(family, tmp_path).model)
    batch = ledger.give(with_target_positions(Collator(0)(EXAMPLES)))
    with ledger.watching():
        train_a_step(model, batch, "adamw")
    assert all(ledger.has(p.grad) for p in model.parameters() if p.grad is not None)
    assert not WITHOUT_DETERMINISM & ledger.operations.keys()
    # The library looks whether a mask is all ones, for encoder and cross-attention, or how long it
    # is; and on a CPU the loss looks for tiny probabilities.
    assert sum(ledger.waits.values()) <= 4, ledger.waits


def test_a_step_of_packed_rows_leaves_nothing_on_the_cpu(
    tmp_path: Path, ledger: DeviceLedger
) -> None:
    model = ledger.give(build_translator("t5", tmp_path).model)
    accept_packed_rows(model)
    packed = PackedCollator(0, 0, (10, 11), 3)([EXAMPLES, EXAMPLES[1:]])
    batch = ledger.give(with_target_positions(packed))
    with ledger.watching():
        train_a_step(model, batch, "adafactor")
    assert all(ledger.has(p.grad) for p in model.parameters())
    assert batch["labels"].eq(IGNORED).any()


@pytest.mark.parametrize("family", ["t5", "bart"])
def test_a_regularized_step_leaves_nothing_on_the_cpu(
    family: str, tmp_path: Path, ledger: DeviceLedger
) -> None:
    model = ledger.give(build_translator(family, tmp_path).model.train())
    batch = ledger.give(with_target_positions(Collator(0)(EXAMPLES)))
    passes = PerturbedPasses("free_lb", model, 0.1, 3, 0.08)
    regularization = Regularization(["free_lb"], passes=passes)
    strategy = Strategy(torch.optim.SGD(model.parameters()))
    loss = BatchLoss(model, strategy, RDrop(0.1, 2.0), bf16=False, searches_unused=False)

    def add_pass(*_: Any) -> torch.Tensor:
        total, _ = loss.sum(model, batch)
        total.backward()
        return total.detach()

    with ledger.watching():
        losses = regularization.run_passes(batch, None, add_pass, is_last=True)
    assert ledger.has(losses)
    assert all(ledger.has(p.grad) for p in model.parameters() if p.grad is not None)
    assert not WITHOUT_DETERMINISM & ledger.operations.keys()
    assert sum(ledger.waits.values()) <= 12, ledger.waits  # as of three ordinary passes


@pytest.mark.parametrize("family", ["t5", "bart", "marian", "nllb"])
def test_a_family_translates_and_scores_where_its_model_is(
    family: str, tmp_path: Path, ledger: DeviceLedger
) -> None:
    translator = build_translator(family, tmp_path)
    ledger.give(translator.model)
    sources = ["one two", "three one four five"]
    options = DecodingOptions(6, num_beams=2, num_hypotheses=2)
    expected = translator.translate_n_best(sources, options)
    pairs = translator.score_pairs(sources, ["eins", "drei eins"])
    with ledger.watching():
        found = translator.translate_n_best(sources, options)
        scored = translator.score_pairs(sources, ["eins", "drei eins"])
    assert found == expected
    assert scored == pairs
    assert not WITHOUT_DETERMINISM & ledger.operations.keys()


def test_alignments_are_found_where_the_model_is(tmp_path: Path, ledger: DeviceLedger) -> None:
    translator = build_translator("t5", tmp_path)
    ledger.give(translator.model)
    with ledger.watching():
        (alignment,) = find_alignments(translator, ["one two"], ["eins zwei"], [0])
    assert len(alignment.weights) == 2


def test_the_average_follows_a_model_that_moves_after_it_was_built() -> None:
    model = torch.nn.Linear(3, 2)
    average = WeightAverage(model, 0.9)
    # A move to a GPU keeps the parameters, and one to this device replaces them.
    average._parameters = dict(model.to("meta").named_parameters())
    average.on_train_begin(None, TrainerState(), TrainerControl())
    average.on_step_end(None, TrainerState(global_step=1), TrainerControl())
    assert {weight.device.type for weight in average.weights.values()} == {"meta"}


def test_random_numbers_are_those_of_this_process_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """torch's own function asks every GPU of the machine, and warns where there are several."""
    drawn = {"cuda": torch.zeros(2)}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_rng_state", lambda: drawn["cuda"].clone())
    monkeypatch.setattr(torch.cuda, "set_rng_state", lambda state: drawn.update(cuda=state))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: pytest.fail("asked for all GPUs"))
    before = torch.get_rng_state()
    with keeping_random_state():
        torch.rand(3)
        drawn["cuda"] += 7
        drawn["cuda"] = drawn["cuda"].clone()
    assert torch.equal(torch.get_rng_state(), before)
    assert drawn["cuda"].sum() == 0


@pytest.mark.parametrize("saved_on_gpu", [False, True])
def test_a_run_that_was_begun_without_a_gpu_says_that_dropout_differs(
    saved_on_gpu: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    state: dict[str, Any] = {"cpu": torch.get_rng_state(), "numpy": np.random.get_state()}
    if saved_on_gpu:
        state["cuda"] = torch.zeros(16, dtype=torch.uint8)
    torch.save(state, tmp_path / "rng_state.pth")
    arguments: Any = SimpleNamespace(world_size=1, process_index=0, seed=1)
    assert not seed_if_saved_elsewhere(tmp_path, arguments, 8)  # where there is no GPU
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert seed_if_saved_elsewhere(tmp_path, arguments, 8) is not saved_on_gpu
    assert ("without a GPU" in capsys.readouterr().err) is not saved_on_gpu


def test_the_ledger_notices_what_a_gpu_would_refuse(ledger: DeviceLedger) -> None:
    there = ledger.give(torch.ones(2))
    with ledger.watching():
        made = torch.arange(2, device=there.device) + there * torch.tensor(3.0)
        assert ledger.has(made)
        assert not ledger.has(made.cpu())
        assert ledger.has(torch.zeros(2).to(there.device) + there)
        for other in (torch.zeros(2), torch.arange(2), torch.tensor([1, 2]), there.cpu()):
            with pytest.raises(MixedDevicesError):
                made + other
        assert made[made > 3].sum().item() == 4.0
        torch.ones(2, device=there.device).cumsum(0)
    assert ledger.waits["index"] == 1
    assert WITHOUT_DETERMINISM & ledger.operations.keys() == {"cumsum of floats"}
    assert ledger.waits["_local_scalar_dense"] == 1

"""Test that a GPU computes for every family what the CPU computes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from t5tune.data.encoding import Collator
from t5tune.decoding.translator import DecodingOptions
from tests.conftest import number_pairs
from tests.gpu.steps import Steps, random_dataset
from tests.tiny_families import FAMILIES, build_translator

NUM_STEPS = 3
CPU = torch.device("cpu")
Record = Callable[[str, object], None]

# Largest relative differences of losses, and of the first gradient, from those of the CPU in fp32.
# bf16 has 8 bits: roundings of 0.4 % in each layer, of which most cancel out.
TOLERANCE = {"fp32": (1e-4, 1e-4), "bf16": (1e-2, 5e-2)}


@pytest.mark.parametrize("precision", TOLERANCE)
@pytest.mark.parametrize("family", FAMILIES)
def test_training_steps_equal_the_cpus(
    family: str,
    precision: str,
    device: torch.device,
    in_bf16: None,
    tmp_path: Path,
    record_property: Record,
) -> None:
    torch.manual_seed(0)
    model, _ = FAMILIES[family](tmp_path)
    dataset = random_dataset(8 * NUM_STEPS, min(60, model.config.vocab_size))
    collate = Collator(model.config.pad_token_id)
    batches = [collate([dataset[8 * i + j] for j in range(8)]) for i in range(NUM_STEPS)]
    expected = Steps(model, CPU).train(batches)
    found = Steps(model, device, bf16=precision == "bf16").train(batches)
    loss, gradient = found.compare(expected)
    record_property("loss", loss)
    record_property("gradient", gradient)
    assert loss <= TOLERANCE[precision][0]
    assert gradient <= TOLERANCE[precision][1]


@pytest.mark.parametrize("optim", ["adamw_torch", "adafactor"])
def test_weights_after_steps_equal_the_cpus(
    optim: str, device: torch.device, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    model, _ = FAMILIES["t5-1.1"](tmp_path)
    dataset = random_dataset(8, 60)
    batches = [Collator(0)([dataset[i] for i in range(8)])] * NUM_STEPS
    steps = [Steps(model, place, optim=optim) for place in (CPU, device)]
    for one in steps:
        one.train(batches)
    expected, found = (
        torch.cat([p.detach().cpu().flatten() for p in one.model.parameters()]) for one in steps
    )
    # AdamW's first steps have the size of the learning rate whatever the gradient's is: where that
    # is nothing but rounding, so is the direction.
    differ = (found - expected).abs() > 3e-4
    assert float(differ.double().mean()) < 1e-3


@pytest.mark.parametrize("family", FAMILIES)
def test_translations_equal_the_cpus(
    family: str, device: torch.device, tmp_path: Path, record_property: Record
) -> None:
    translator = build_translator(family, tmp_path)
    sources = [source for source, _ in number_pairs(24)]
    options = DecodingOptions(12, num_beams=3)
    expected = translator.translate_n_best(sources, options)
    translator.model.to(device)
    found = translator.translate_n_best(sources, options)
    pairs = [(a[0], b[0]) for a, b in zip(found, expected, strict=True)]
    same = [(a.score or 0.0) - (b.score or 0.0) for a, b in pairs if a.text == b.text]
    record_property("identical", f"{len(same)}/{len(pairs)}")
    record_property("score", max(map(abs, same)))
    assert len(same) >= len(pairs) - 2  # hypotheses may be equally good
    assert max(map(abs, same)) < 1e-3

"""Test that CTranslate2 gives torch's hypotheses on a GPU, in every quantization that it has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from t5tune.decoding.ctranslate2_device import count_gpus, find_device, list_available
from t5tune.decoding.ctranslate2_translator import CTranslate2Translator
from t5tune.decoding.export.conversion import convert_model
from t5tune.decoding.export.settings import QUANTIZATIONS, Export
from t5tune.decoding.translator import DecodingOptions
from tests.conftest import number_pairs
from tests.tiny_families import FAMILIES, build_translator

SOURCES = [source for source, _ in number_pairs(40)]
OPTIONS = DecodingOptions(12, num_beams=1)
# Share of hypotheses that are torch's own in fp32: weights that are nothing but noise have many
# hypotheses that are nearly as good as the best one.
SHARE = {"float32": 0.95, "float16": 0.5}
SHARE_OF_ROUGHER = 0.3  # of int8, bfloat16 and both


@pytest.fixture(autouse=True)
def _on_the_device(device: torch.device) -> None:
    if device.type == "cuda" and count_gpus() == 0:
        pytest.skip("CTranslate2 finds no GPU, or not the cuBLAS that it is built for")
    assert find_device() == device.type


def share_of_torchs(family: str, quantization: str, device: torch.device, folder: Path) -> float:
    translator = build_translator(family, folder)
    translator.model.to(device)
    expected = translator.translate(SOURCES, OPTIONS)
    settings = convert_model(
        translator, OPTIONS, folder / "export", model_directory=folder, quantization=quantization,
        name="tiny", fingerprint="", sources=SOURCES,
    )  # fmt: skip
    found = CTranslate2Translator(Export(folder / "export", settings, {})).translate(
        SOURCES, OPTIONS
    )
    assert all(0 < hypothesis.num_tokens <= 12 for hypothesis in found)
    same = sum(a.text == b.text for a, b in zip(found, expected, strict=True))
    return same / len(SOURCES)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_translates_as_with_torch(
    family: str,
    device: torch.device,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    share = share_of_torchs(family, "float32", device, tmp_path)
    record_property("identical", share)
    assert share >= SHARE["float32"]


@pytest.mark.parametrize("quantization", QUANTIZATIONS)
def test_a_quantization_translates_nearly_as_torch(
    quantization: str,
    device: torch.device,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    if quantization not in list_available():
        pytest.skip(f"CTranslate2 has no {quantization} on this {find_device()}")
    share = share_of_torchs("t5", quantization, device, tmp_path)
    record_property("identical", share)
    assert share >= SHARE.get(quantization, SHARE_OF_ROUGHER)

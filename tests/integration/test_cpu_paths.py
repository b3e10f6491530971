"""The faster ways of a CPU are behind one switch, said in the log, and equal the library's."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from t5tune.files.json_values import read_log
from tests.conftest import RunCommand
from tests.weights import weights

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU has its own ways")


def losses(run: str) -> list[float]:
    return [line["loss"] for line in read_log(Path(run) / "log.jsonl") if "loss" in line]


def test_both_ways_train_the_same_and_the_log_names_the_fast_one(
    t5tune: RunCommand, tiny_recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    same = ("model.config.dropout_rate=0.0", "training.bf16=false", "export=none")
    fast = t5tune("train", tiny_recipe, *same, "--output-dir", "fast")
    assert fast.code == 0, fast.err
    plain = t5tune("train", tiny_recipe, *same, "training.cpu_paths=plain", "--output-dir", "plain")
    assert plain.code == 0, plain.err
    said = "dropout masks of bytes, T5's sublayers with gradients of their own, freed memory kept"
    assert said in fast.err
    assert "sublayers" not in plain.err
    assert losses("fast") == pytest.approx(losses("plain"), rel=1e-4)
    assert losses("fast") != losses("plain"), "the same layers ran twice"
    one, other = weights(Path("fast")), weights(Path("plain"))
    assert all(torch.allclose(one[name], other[name], rtol=1e-3, atol=1e-4) for name in one)

"""Test the benchmark of remedies: arms by recipe lines, resuming, and its table."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.conftest import REPOSITORY, TrainOnce

FOLDER = str(REPOSITORY / "benchmarks")


@pytest.fixture(scope="module")
def remedies() -> Iterator[ModuleType]:
    sys.path.insert(0, FOLDER)
    try:
        yield importlib.import_module("remedies")
    finally:
        sys.path.remove(FOLDER)


def read_options(remedies: ModuleType, tmp_path: Path, *words: str) -> argparse.Namespace:
    fixed = ["--task", "g2p", "--data", str(tmp_path), "--results", str(tmp_path / "r.jsonl")]
    options: argparse.Namespace = remedies.read_options([*fixed, "--steps", "8", *words])
    return options


def test_an_arm_is_a_name_and_recipe_lines(remedies: ModuleType, tmp_path: Path) -> None:
    own = ("--arm", "both=training.regularization.fgm=0.1", "--arm", "both=training.bf16=false")
    arms = read_options(remedies, tmp_path, *own, "--arms", "none,both").arms
    assert arms == {
        "none": (), "both": ("training.regularization.fgm=0.1", "training.bf16=false")
    }  # fmt: skip
    with pytest.raises(SystemExit):
        read_options(remedies, tmp_path, "--arms", "none,unknown")


def test_records_are_kept_and_compared(
    remedies: ModuleType, tmp_path: Path, train_once: TrainOnce, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trainings are told apart by the recipe's changes; those of the file are not made again."""
    run = train_once() / "runs/tiny"
    trained: list[tuple[Any, ...]] = []

    def train(*arguments: Any, output_dir: Path) -> Any:
        trained.append((output_dir.name, *arguments))
        return argparse.Namespace(run=remedies.RunDirectory(run), stopped_by=None)

    monkeypatch.setattr(remedies.t5tune, "train", train)
    words = ("--arms", "none,fgm", "--seeds", "2")
    records = remedies.Benchmark(read_options(remedies, tmp_path, *words)).run()
    names = [call[0] for call in trained]
    assert names == ["none-1", "fgm-1", "fgm-2", "none-2"], "the arms take turns"
    assert "training.regularization.fgm=0.02" in trained[1]
    assert "training.max_steps=8" in trained[0]
    again = remedies.Benchmark(read_options(remedies, tmp_path, *words)).run()
    assert again == records
    assert len(trained) == 4
    table = list(remedies.describe(records))
    (bleu,) = [i for i, line in enumerate(table) if line.strip() == "BLEU"]
    assert table[bleu + 1].startswith("none ")
    assert "+0.00  the same outputs" in table[bleu + 2]

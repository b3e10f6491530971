"""Test that one training reads, loads and translates nothing twice."""

from __future__ import annotations

import gc
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from t5tune.data.readers.open_splits import OpenSplit
from t5tune.decoding.torch_translator import TorchTranslator
from t5tune.errors import T5TuneError
from t5tune.recipe.loading import load_recipe
from t5tune.scoring.language_identity import _identifier
from t5tune.training.step.memory import MainMemory
from tests.conftest import RunCommand


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("T5TUNE_CACHE", str(tmp_path / "cache"))  # without tokens of other tests


def count_calls(
    monkeypatch: pytest.MonkeyPatch, name: str, *modules: str, owner: Any = None
) -> list[tuple[Any, ...]]:
    """Record the arguments of every call of a function, whichever module calls it."""
    calls: list[tuple[Any, ...]] = []

    def note(function: Callable[..., Any]) -> Callable[..., Any]:
        def noting(*arguments: Any, **others: Any) -> Any:
            calls.append(arguments)
            return function(*arguments, **others)

        return noting

    for holder in [owner] if owner else map(importlib.import_module, modules):
        monkeypatch.setattr(holder, name, note(getattr(holder, name)))
    return calls


@pytest.mark.parametrize("split", ["test", "validation"])
def test_a_training_reads_loads_and_translates_once(
    t5tune: RunCommand, tiny_recipe: Path, monkeypatch: pytest.MonkeyPatch, split: str
) -> None:
    monkeypatch.setenv("T5TUNE_CACHE", str(Path.cwd() / "cache"))
    if split == "validation":
        recipe = yaml.safe_load(tiny_recipe.read_text(encoding="utf-8"))
        del recipe["data"]["test"]
        tiny_recipe.write_text(yaml.safe_dump(recipe), encoding="utf-8")
    read = count_calls(monkeypatch, "chunks", owner=OpenSplit)
    loaded = count_calls(monkeypatch, "load_model", "t5tune.decoding.found_model")
    translated = count_calls(monkeypatch, "translate", owner=TorchTranslator)
    result = t5tune("train", tiny_recipe)
    assert result.code == 0
    assert "ctranslate2-int8: BLEU" in result.err
    splits = ["validation", *(["test"] if split == "test" else []), "train"]
    assert [arguments[0].where for arguments in read] == [f"data.{name}" for name in splits]
    assert len(loaded) == 1, "the saved model, for the report and the export"
    counts = [len(arguments[1]) for arguments in translated]
    # The sentence for verify, then the report's test set, then the export's validation set.
    afterwards = counts[counts.index(1) :]
    assert afterwards == ([1, 13, 10] if split == "test" else [1, 10])


def test_the_recipe_in_memory_is_the_one_in_the_run(
    t5tune: RunCommand, tiny_recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluated = count_calls(monkeypatch, "evaluate_model", "t5tune.training.session")
    assert t5tune("train", tiny_recipe).code == 0
    assert evaluated[0][2].recipe.model_dump() == load_recipe("runs/tiny/recipe.yaml").model_dump()


@pytest.mark.parametrize(("free", "is_before"), [(5 * 2**30, True), (2**30, False)])
def test_languages_are_ready_to_identify_before_training_where_memory_is_plentiful(
    t5tune: RunCommand,
    tiny_recipe: Path,
    monkeypatch: pytest.MonkeyPatch,
    free: int,
    is_before: bool,
) -> None:
    _identifier.cache_clear()
    monkeypatch.setattr(MainMemory, "capacity", lambda memory: memory.used() + free)
    known = []

    def train_nothing(*_: Any) -> None:
        known.append(_identifier.cache_info().currsize)
        raise T5TuneError("It was seen.")

    monkeypatch.setattr("t5tune.training.session.run_training_loop", train_nothing)
    assert "It was seen." in t5tune("train", tiny_recipe).err
    assert known == [int(is_before)]


def test_a_training_leaves_what_is_imported_out_of_searches_for_garbage(
    nothing_left_out: None, t5tune: RunCommand, tiny_recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_out = []

    def note(*_: Any, **__: Any) -> None:
        left_out.append(gc.get_freeze_count())

    monkeypatch.setattr("t5tune.training.session.release_freed_memory", note)
    assert t5tune("train", tiny_recipe).code == 0
    assert left_out[0] > 100_000
    assert gc.get_freeze_count() == 0

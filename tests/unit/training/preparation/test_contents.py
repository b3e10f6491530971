"""Test that a recipe is not called valid whose data training refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from t5tune.data.readers import table_examples
from t5tune.training.preparation import contents
from tests.conftest import RunCommand
from tests.integration.test_data_flows_once import count_calls

SUBWORDS = "model.from_scratch.tokenizer={type: unigram, vocab_size: 16}"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"train": "one\n"}, "train.tsv, line 152 has 1 column"),
        ({"train": b"one\tf\xfcnf\n"}, "is not UTF-8 throughout: line 152"),
        ({"validation": None}, "every source in"),
        (["data.test={from: train, size: 150}"], "cannot be cut"),
        ([SUBWORDS], "16 is too small for training text with 16 different characters"),
    ],
)
def test_what_training_refuses_is_not_valid(
    tiny_recipe: Path, t5tune: RunCommand, change: dict[str, object] | list[str], said: str
) -> None:
    for split, more in change.items() if isinstance(change, dict) else ():
        file = tiny_recipe.with_name(f"{split}.tsv")
        if more is None:
            file.write_text("en\tde\n \teins\n", encoding="utf-8")
        else:
            row = more if isinstance(more, bytes) else str(more).encode()
            file.write_bytes(file.read_bytes() + row)
    overrides = change if isinstance(change, list) else []
    result = t5tune("validate", tiny_recipe, *overrides)
    assert result.code == 1
    assert said in result.err


def test_large_files_are_read_on_request(
    tiny_recipe: Path, t5tune: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "AT_ONCE", 100)
    changes = ("data.test={from: train, size: 150}",)
    assert "--data" in t5tune("validate", tiny_recipe, *changes).err
    assert t5tune("validate", tiny_recipe, *changes, "--data").code == 1


@pytest.mark.parametrize(
    ("train", "num_readings"),
    [
        ({"file": "train.tsv"}, 1),
        ([{"file": "train.tsv", "weight": 1}, {"file": "validation.tsv", "weight": 2}], 2),
    ],
)
def test_data_that_splits_are_cut_from_are_read_once(
    tiny_recipe: Path,
    t5tune: RunCommand,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    train: object,
    num_readings: int,
) -> None:
    """They are needed to count a share of them, to choose the cuts, and to check what is left."""
    monkeypatch.setenv("T5TUNE_CACHE", str(tmp_path / "cache"))
    recipe = yaml.safe_load(tiny_recipe.read_text(encoding="utf-8"))
    cuts = {"validation": {"from": "train", "size": "5%"}, "test": {"from": "train", "size": 9}}
    recipe["data"] = {"train": train, **cuts}
    tiny_recipe.write_text(yaml.safe_dump(recipe), encoding="utf-8")
    readings = count_calls(monkeypatch, "examples", owner=table_examples._Reading)
    result = t5tune("validate", tiny_recipe)
    assert result.code == 0, result.err
    assert len(readings) == num_readings


def test_the_hub_is_not_asked_for_what_splits_are_cut_from(
    tiny_recipe: Path, t5tune: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = yaml.safe_load(tiny_recipe.read_text(encoding="utf-8"))
    train = [{"file": "train.tsv"}, {"hub": "wmt/wmt14", "config": "de-en", "split": "train"}]
    cut = {"from": "train", "size": 9}
    recipe["data"] = {"train": train, "validation": cut, "test": cut}
    tiny_recipe.write_text(yaml.safe_dump(recipe), encoding="utf-8")
    asked = count_calls(monkeypatch, "open_hub_table", "t5tune.data.readers.sources")
    result = t5tune("validate", tiny_recipe)
    assert (result.code, asked) == (0, []), result.err
    with tiny_recipe.with_name("train.tsv").open("a", encoding="utf-8") as stream:
        stream.write("one\n")  # the rows of files are checked all the same
    result = t5tune("validate", tiny_recipe)
    assert result.code == 1
    assert "train.tsv, line 152 has 1 column" in result.err

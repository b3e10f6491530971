"""Leaks from command to report: said before the first step, and first in the report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from t5tune.data.training_text import TrainingText
from tests.conftest import RunCommand, number_pairs, write_pairs
from tests.unit.data.test_overlap import read_restaurants

QUICK = ("export=none", "training.max_steps=1", "training.eval_steps=1")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("T5TUNE_CACHE", str(tmp_path / "cache"))


def read_report(run: str = "tiny") -> dict[str, object]:
    return json.loads(Path(f"runs/{run}/eval/test/report.json").read_text(encoding="utf-8"))


def test_a_test_set_from_the_training_data_is_named_before_and_after_training(
    t5tune: RunCommand, tiny_recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = number_pairs(150)
    write_pairs(Path(), "test", pairs[:20])
    write_pairs(Path(), "validation", [*pairs[:2], *[(f"new {i} " * 4, "neu") for i in range(8)]])
    result = t5tune("train", tiny_recipe, *QUICK)
    assert result.code == 0
    leak = "leak: 100.0 % of the test set is in the training data: 20 as the same pair. There is no"
    before, _, after = result.err.partition("training: ")
    assert leak in before
    assert "leak: 20.0 % of the validation set is in the training data: 2 as" in before
    assert "leak: for example, test example 2 (from 0) is train.tsv, line 4 (from 1): " in before
    assert "leak: 100.0 % of the 20 examples are in the training data: 20 as the same" in after
    assert "There is no clean part" in Path("runs/tiny/eval/test/report.html").read_text("utf-8")
    assert read_report()["findings"][0]["num_found"] == 20  # type: ignore[index]
    # From the cache, without a training text being read, it is said again.
    monkeypatch.setattr(TrainingText, "chunks", lambda *_: pytest.fail("read"))
    monkeypatch.setattr("t5tune.data.leak_places._find_places", lambda *_: pytest.fail("read"))
    again = t5tune("train", tiny_recipe, *QUICK, "--output-dir", "runs/again")
    assert [line for line in again.err.split("\n") if line.startswith("leak: ")] == [
        line for line in result.err.split("\n") if line.startswith("leak: ")
    ]


def test_a_public_corpus_leaks(t5tune: RunCommand, tiny_recipe: Path, real_data: Path) -> None:
    for name, split in (("train", "train"), ("valid", "validation"), ("test", "test")):
        rows = read_restaurants(real_data / "restaurant_nlg" / f"{name}.json")
        write_pairs(Path(), split, [(row[0], row[1]) for row in rows])
    recipe = yaml.safe_load(tiny_recipe.read_text(encoding="utf-8"))
    recipe["data"]["validation"]["max_examples"] = 20
    recipe["decoding"] = {"num_beams": 1, "max_new_tokens": 8}
    tiny_recipe.write_text(yaml.safe_dump(recipe), encoding="utf-8")
    result = t5tune("train", tiny_recipe, *QUICK)
    assert result.code == 0
    counts = "71.2 % of the {} the training data: 323 as the same pair, 356 with the same source, "
    assert counts.format("test set is in") in result.err.partition("training: ")[0]
    (line,) = [line for line in result.err.split("\n") if "1,039 examples" in line]
    assert line.startswith("leak: " + counts.format("1,039 examples are in"))
    assert line.endswith("says what the model does with texts that it has not seen.")
    report = read_report()
    buckets = report["breakdowns"][-1]["buckets"]  # type: ignore[index]
    assert [bucket["num_examples"] for bucket in buckets] == [323, 356, 61, 299]
    clean, full = buckets[-1]["scores"][0], report["scores"][0]  # type: ignore[index]
    assert clean["signature"] == full["signature"]

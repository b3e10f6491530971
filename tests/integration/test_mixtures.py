"""Test a run whose training data is a mixture that changes with the steps."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml

from tests.conftest import RunCommand, number_pairs, write_pairs
from tests.weights import weights


@pytest.fixture
def recipe(tiny_recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a recipe with 150 pairs of numbers and 40 others, of which the end has more."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("T5TUNE_CACHE", "cache")
    write_pairs(tmp_path, "more", number_pairs(40, 400))
    content = yaml.safe_load(tiny_recipe.read_text(encoding="utf-8"))
    content["data"]["train"] = [
        {"file": "train.tsv", "weight": 3, "until_step": 6},
        {"file": "more.tsv", "weight": 1},
        {"file": "train.tsv", "name": "end", "weight": 1, "max_repeats": 1, "from_step": 6},
    ]
    content["export"] = "none"
    tiny_recipe.write_text(yaml.safe_dump(content), encoding="utf-8")
    return tiny_recipe


def test_a_mixture_trains_resumes_in_the_middle_and_names_what_has_changed(
    t5tune: RunCommand, recipe: Path
) -> None:
    trained = t5tune("train", recipe)
    assert trained.code == 0, trained.err
    for line in (
        "data.train[1] (more.tsv): 40 training examples",
        "data: 10 validation, 13 test",
        "mixture: train.tsv 75.3 % (143 of 150 examples, 0.95 times each; ",
        "mixture from step 6: more.tsv 50.0 % (95 of 40 examples, 2.38 times each; ",
    ):
        assert trained.err.count(line) == 1, trained.err
    run = Path("runs/tiny")
    assert len([path for path in Path("cache/tokens").iterdir() if path.is_dir()]) == 2
    report = json.loads((run / "eval/test/report.json").read_text(encoding="utf-8"))
    (section,) = (one for one in report["beside"] if one["name"] == "mixture")
    first, second = section["values"]["phases"]
    assert [one["examples_per_epoch"] for one in first["entries"]] == [143, 47]
    assert [one["name"] for one in second["entries"]] == ["more.tsv", "end"]
    assert sum(one["token_share"] for one in first["entries"]) == pytest.approx(1)

    before = weights(run)
    for name in ("model", "eval", "checkpoints/checkpoint-8"):
        shutil.rmtree(run / name)
    resumed = t5tune("train", recipe)
    assert resumed.code == 0, resumed.err
    assert "resuming from runs/tiny/checkpoints/checkpoint-4" in resumed.err
    assert all((weights(run)[name] == tensor).all() for name, tensor in before.items())

    shutil.rmtree(run / "model")
    with Path("more.tsv").open("a", encoding="utf-8") as stream:
        stream.write("six\tsechs\n")
    changed = t5tune("train", recipe)
    assert changed.code == 1
    assert "data.train[1] (more.tsv): not what it was when" in changed.err

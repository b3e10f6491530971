"""Test what a validation during training measures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from t5tune.files.json_values import read_log
from tests.conftest import RunCommand


@pytest.mark.parametrize("size", [0, 1])
def test_a_validation_sees_the_hypotheses_of_the_report(
    t5tune: RunCommand, tiny_recipe: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """A greedy report on the same examples has the score that chose the checkpoint."""
    monkeypatch.chdir(tiny_recipe.parent)
    recipe = yaml.safe_load(tiny_recipe.read_text(encoding="utf-8"))
    del recipe["data"]["test"]
    recipe["decoding"] = {"num_beams": 1, "no_repeat_ngram_size": size}
    recipe["export"] = "none"
    tiny_recipe.write_text(yaml.safe_dump(recipe), encoding="utf-8")
    assert t5tune("train", tiny_recipe).code == 0
    report = json.loads(Path("runs/tiny/eval/validation/report.json").read_text(encoding="utf-8"))
    scores = {score["name"]: score["value"] for score in report["scores"]}
    best = max(
        (
            line["validation"]
            for line in read_log(Path("runs/tiny/log.jsonl"))
            if "validation" in line
        ),
        key=lambda validation: validation["BLEU"],
    )
    assert best == pytest.approx({name: scores[name] for name in best})

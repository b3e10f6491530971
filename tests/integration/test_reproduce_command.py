"""Test `t5tune reproduce`: it trains once, and judges by the bands of the recipe."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from t5tune.recipe.loading import load_recipe
from tests.conftest import RunCommand, write_tiny_recipe


def expect(recipe: Path, low: float, high: float) -> None:
    """Write the band of BLEU into a recipe."""
    content = yaml.safe_load(recipe.read_text(encoding="utf-8"))
    content["training"] |= {"max_steps": 2, "seed": 7}
    content["export"] = "none"
    content["expected"] = {"scores": [{"name": "BLEU", "low": low, "high": high, "num_seeds": 3}]}
    recipe.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def test_scores_of_all_seeds_are_compared_with_their_bands(
    tmp_path: Path, t5tune: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    recipe = write_tiny_recipe(tmp_path)
    expect(recipe, 0, 100)
    result = t5tune("reproduce", recipe, "--seeds", "2", "--json")
    assert result.code == 0, result.err
    passed = json.loads(result.out)
    assert passed["passed"]
    name = load_recipe(recipe).name
    assert passed["runs"] == {
        "7": f"runs/{name}-reproduce/seed-7",
        "8": f"runs/{name}-reproduce/seed-8",
    }
    assert [(one["seed"], one["name"]) for one in passed["scores"]] == [(7, "BLEU"), (8, "BLEU")]
    assert load_recipe(Path(passed["runs"]["8"]) / "recipe.yaml").training.seed == 8
    weights = Path(passed["runs"]["7"], "model", "model.safetensors")
    trained = weights.stat().st_mtime_ns

    # Other bands are about the same runs, which are finished.
    expect(recipe, 98.5, 100)
    result = t5tune("reproduce", recipe)
    assert result.code == 1
    value = passed["scores"][0]["value"]
    assert result.out == (f"seed 7  BLEU  {value:6.2f}  expected 98.50 to 100.00  outside\nFAIL\n")
    error, command = result.err.splitlines()[-2:]
    assert error == (
        f"error: BLEU of seed 7 is {value:.2f}, {98.5 - value:.2f} below the 98.50 to 100.00 that "
        "follows from 3 seeds."
    )
    assert command.startswith(f"try: t5tune eval runs/{name}-reproduce/seed-7 ")
    assert weights.stat().st_mtime_ns == trained

    result = t5tune("reproduce", recipe, "--output-dir", Path(passed["runs"]["7"]).parent)
    assert result.code == 1


def test_a_recipe_that_expects_nothing_is_refused(t5tune: RunCommand) -> None:
    result = t5tune("reproduce", "g2p")
    assert result.code == 1
    assert result.err.splitlines() == [
        "error: g2p has no `expected` scores, which only recipes have whose results were measured "
        "over seeds.",
        "try: t5tune train g2p",
    ]


def test_a_score_that_the_report_will_lack_is_refused_before_training(
    tmp_path: Path, t5tune: RunCommand
) -> None:
    recipe = write_tiny_recipe(tmp_path)
    expect(recipe, 0, 100)
    content = yaml.safe_load(recipe.read_text(encoding="utf-8"))
    content["evaluation"] = {"metrics": ["chrf"]}
    recipe.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    result = t5tune("reproduce", recipe, "--output-dir", tmp_path / "runs")
    assert result.code == 1
    assert "expected.scores has BLEU, and the report has only chrF2++." in result.err
    assert not (tmp_path / "runs").exists()

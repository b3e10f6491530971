"""Test third-party metrics in a recipe: their names, and which may choose the best checkpoint."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from t5tune.recipe.loading import dump_recipe, load_recipe, recipe_json_schema
from t5tune.recipe.resolve import choose_best_metric, choose_metrics
from t5tune.scoring.registry import (
    EVALUATE_PATTERN,
    format_value,
    metric_for_examples,
    metrics_of_validation,
)
from tests.conftest import write_tiny_recipe

NAMES = [
    "evaluate:meteor",
    "evaluate:owner/my-metric_2.1",
    "evaluate:./my metric.py",
    "evaluate:../metrics/mine",
    "evaluate:/opt/metrics/größe.py",
    "comet",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_may_name_it_and_keeps_the_name(tmp_path: Path, name: str) -> None:
    path = write_tiny_recipe(tmp_path)
    recipe = load_recipe(str(path), [f"evaluation.metrics=['{name}', ter]"])
    assert choose_metrics(recipe) == (name, "ter")
    copy = tmp_path / "copy.yaml"
    copy.write_text(dump_recipe(recipe), encoding="utf-8")
    assert choose_metrics(load_recipe(str(copy))) == (name, "ter")


def test_the_first_metric_with_a_direction_chooses_the_checkpoint(tmp_path: Path) -> None:
    path = str(write_tiny_recipe(tmp_path))
    metrics = "evaluation.metrics=[evaluate:meteor, length_ratio, comet, bleu]"
    assert choose_best_metric(load_recipe(path, [metrics])) == "comet"
    named = load_recipe(path, [metrics, "evaluation.best_metric=bleu"])
    assert choose_best_metric(named) == "bleu"


def test_the_schema_for_editors_has_the_pattern() -> None:
    properties = recipe_json_schema()["$defs"]["EvaluationSection"]["properties"]
    choices = properties["metrics"]["anyOf"][0]["items"]["anyOf"]
    assert {"bleu", "comet"} < set(choices[0]["enum"])
    assert re.search(choices[1]["pattern"], "evaluate:meteor")
    assert choices[1]["pattern"] == EVALUATE_PATTERN


def test_names_are_checked_without_importing_or_running_anything(tmp_path: Path) -> None:
    path = write_tiny_recipe(tmp_path)
    script = tmp_path / "loud.py"
    script.write_text("raise SystemExit('this was run')", encoding="utf-8")
    code = (
        "import sys\n"
        "from t5tune.recipe.loading import load_recipe\n"
        f"load_recipe({str(path)!r}, ['evaluation.metrics=[bleu, \"evaluate:{script}\"]'])\n"
        "heavy = {'evaluate', 'datasets', 'torch', 'numpy', 'sacrebleu'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_which_metric_does_what() -> None:
    asked = ["evaluate:meteor", "distinct_n", "ter", "bleu", "comet"]
    assert metric_for_examples(asked) == "ter"
    assert metric_for_examples(["evaluate:meteor", "length_ratio"]) == "chrf"
    # Third-party programs run only for the report, unless a checkpoint depends on them.
    assert metrics_of_validation(asked, "ter") == ["distinct_n", "ter", "bleu"]
    assert metrics_of_validation(asked, "comet") == ["distinct_n", "ter", "bleu", "comet"]


def test_values_for_people_fit_their_scale() -> None:
    assert format_value("BLEU", 27.3567) == "27.36"
    for name in ("COMET", "distinct_2", "length_ratio", "evaluate:meteor"):
        assert format_value(name, 0.56789) == "0.5679"

"""Test what a run records about itself."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from t5tune.recipe.schema import Recipe
from t5tune.run.directory import RunDirectory
from t5tune.training.preparation.environment import record_environment

ENTRY = {"file": "a.tsv"}
RECIPE = {
    "name": "tiny",
    "task": "text2text",
    "model": {"name": "google-t5/t5-small"},
    "data": {"train": ENTRY, "validation": ENTRY},
}


def test_date_and_command_stay_those_of_the_beginning(tmp_path: Path) -> None:
    run, recipe = RunDirectory(tmp_path), Recipe.model_validate(RECIPE)
    record_environment(run, recipe, {}, {}, "t5tune train tiny.yaml", {}, {})
    begun = json.loads(run.environment.read_text(encoding="utf-8"))
    assert begun["command"] == "t5tune train tiny.yaml"
    assert datetime.fromisoformat(begun["started"]).tzinfo is not None
    run.environment.write_text(
        json.dumps({**begun, "started": "2026-01-01T00:00:00+00:00"}), encoding="utf-8"
    )
    record_environment(run, recipe, {"data.train": "0"}, {}, "t5tune train runs/tiny", {}, {})
    resumed = json.loads(run.environment.read_text(encoding="utf-8"))
    assert resumed["started"] == "2026-01-01T00:00:00+00:00"
    assert resumed["command"] == "t5tune train tiny.yaml"
    assert resumed["data_sha256"] == {"data.train": "0"}

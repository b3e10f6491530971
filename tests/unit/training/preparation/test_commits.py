"""Unit tests of the commits that a run stays on."""

from __future__ import annotations

import json
from pathlib import Path

from t5tune.recipe.schema import Recipe
from t5tune.run.directory import RunDirectory
from t5tune.training.preparation.commits import pin_data
from tests.conftest import number_pairs
from tests.hub.data_sets import translation_files
from tests.hub.server import Hub

NAME = "wmt/wmt14"


def test_a_task_that_is_kept_stays_on_its_commit(hub_here: Hub, tmp_path: Path) -> None:
    repository = hub_here.add("datasets", NAME, translation_files())
    first = repository.branches["main"]
    place = {"hub": NAME, "config": "de-en"}
    recipe = Recipe.model_validate(
        {
            "name": "kept",
            "task": "translation",
            "source_lang": "en",
            "target_lang": "de",
            "model": {"name": "some/model"},
            "data": {"train": {"file": "train.tsv"}, "validation": {"file": "validation.tsv"}},
            "evaluation": {
                "keep": [{**place, "split": "test", "source_lang": "en", "target_lang": "de"}]
            },
        }
    )
    run = RunDirectory(tmp_path / "run")
    run.path.mkdir()
    pinned, commits = pin_data(recipe, run)
    assert commits == {"evaluation.keep[0]": first}
    assert pinned.evaluation.keep[0].revision == first
    recorded = {"recipe": recipe.model_dump(mode="json"), "commits": commits}
    run.environment.write_text(json.dumps(recorded), encoding="utf-8")

    repository.commit(translation_files({"test": number_pairs(5)}))
    assert repository.branches["main"] != first
    again, _ = pin_data(recipe, run)
    assert again.evaluation.keep[0].revision == first

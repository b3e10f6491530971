"""Test the provenance of a report, which is read from the run's files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from t5tune.data.examples import Examples
from t5tune.recipe.schema import Recipe
from t5tune.reporting.model_card.facts import portable_command
from t5tune.reporting.model_card.provenance import describe_provenance
from t5tune.run.directory import RunDirectory
from tests.tiny_sections import resolved

RECIPE = {
    "name": "tiny",
    "task": "translation",
    "source_lang": "en",
    "target_lang": "de",
    "model": {"name": "google-t5/t5-small", "revision": "abc"},
    "data": {
        "train": {"file": "/home/someone/secret/train.tsv"},
        "validation": {"hub": "wmt/wmt14", "config": "de-en", "split": "validation"},
        "test": {"file": "test.tsv"},
    },
}
EXAMPLES = Examples("test", ["a", "b"], [["x"], ["y"]])


def write(run: RunDirectory, environment: object) -> None:
    run.environment.write_text(json.dumps(environment), encoding="utf-8")


def test_everything_that_was_recorded(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    write(run, {
        "started": "2026-11-28T20:00:00+00:00", "git_revision": "f00", "python": "3.11.7",
        "command": "t5tune train /home/someone/secret/tiny.yaml data.test.file=/x/y/test.tsv",
        "versions": {"t5tune": "0.1", "torch": "2.13.0"}, "num_cpu_threads": 2,
        "data_sha256": {"data.train": "0123456789abcdef" * 4},
        "num_examples": {"train": 4500000, "validation": 3000, "test": 2},
    })  # fmt: skip
    run.log.write_text('{"step": 1500, "elapsed_seconds": 90.0}\n', encoding="utf-8")
    provenance = describe_provenance(run, resolved(Recipe.model_validate(RECIPE)), EXAMPLES)
    rows = dict(provenance.rows)
    assert rows["Model"].startswith("google-t5/t5-small")
    assert "revision abc" in rows["Model"]
    assert rows["Training data"] == "train.tsv, 4,500,000 examples, SHA-256 0123456789abcdef…"
    assert rows["Validation data"] == "wmt/wmt14, de-en, validation, 3,000 examples"
    assert rows["Test data"].startswith("test.tsv, 2 examples, SHA-256 ")
    assert rows["Training"] == "1,500 steps in 1.5 minutes"
    assert rows["Started"] == "2026-11-28T20:00:00+00:00"
    assert rows["Command"] == "t5tune train tiny.yaml data.test.file=test.tsv"
    assert {"Hardware", "Software", "Git revision"} <= rows.keys()
    assert "secret" not in repr(provenance)


@pytest.mark.parametrize("environment", [[], {"data_sha256": [], "versions": {}}, {"command": "'"}])
def test_a_damaged_record_leaves_its_facts_out(tmp_path: Path, environment: object) -> None:
    run = RunDirectory(tmp_path)
    write(run, environment)
    provenance = describe_provenance(run, resolved(Recipe.model_validate(RECIPE)), EXAMPLES)
    rows = dict(provenance.rows)
    assert rows["Test data"].startswith("test.tsv, 2 examples")
    assert "Command" not in rows


def test_a_command_without_the_directories_of_the_machine() -> None:
    assert portable_command("t5tune train 'a b' --output-dir /x/runs/demo") == (
        "t5tune train 'a b' --output-dir demo"
    )

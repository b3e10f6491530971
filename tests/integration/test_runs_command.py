"""Test `t5tune runs` on the run that version 0.1.0 left, in every state that a run may have."""

from __future__ import annotations

import csv
import json
import os
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest

from t5tune.run.directory import RunDirectory
from t5tune.run.lock import lock_run
from tests.conftest import RunCommand, write_tiny_recipe

ARCHIVE = Path(__file__).parent.parent / "data" / "old_run.tar.gz"
RUN = Path("runs/phrasebook")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the folder of a recipe and its run the current directory."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    monkeypatch.chdir(tmp_path)


def copy_run(name: str, *without: str) -> Path:
    """Copy the run without some of its parts; the copy counts as started later."""
    copy = RUN.parent / name
    shutil.copytree(RUN, copy)
    for part in without:
        shutil.rmtree(copy / part)
    os.utime(copy / "environment.json")
    return copy


def list_by_name(t5tune: RunCommand, *arguments: str) -> dict[str, dict[str, Any]]:
    result = t5tune("runs", *arguments, "--json")
    assert result.code == 0, result.err
    return {row["run"].removeprefix("runs/"): row for row in json.loads(result.out)}


def test_the_list_has_every_state(t5tune: RunCommand) -> None:
    copy_run("interrupted", "model", "eval")
    damaged = copy_run("damaged")
    with (damaged / "model/model.safetensors").open("ab") as stream:
        stream.write(b"x")
    copy_run("sweep/one", "model")
    copy_run("mine", "model", "eval")
    Path("runs/empty").mkdir()
    with lock_run(RunDirectory(Path("runs/mine"))):
        rows = list_by_name(t5tune)
    assert {name: row["state"] for name, row in rows.items()} == {
        "phrasebook": "finished",
        "interrupted": "interrupted",
        "damaged": "damaged",
        "sweep/one": "interrupted",
        "mine": "running",
    }
    assert list(rows)[-1] == "phrasebook", "the newest is the first"
    assert rows["mine"]["reason"].startswith(f"process {os.getpid()} on ")
    assert rows["damaged"]["reason"].startswith("model: model.safetensors has ")
    finished, interrupted = rows["phrasebook"], rows["interrupted"]
    assert finished["best"]["split"] == "test"
    assert finished["best"]["confidence_interval"][0] < finished["best"]["value"]
    assert interrupted["best"]["split"] == "validation"
    assert (interrupted["best"]["step"], interrupted["step"]) == (600, 600)
    sizes = [path.stat().st_size for path in RUN.rglob("*") if path.is_file()]
    assert finished["num_bytes"] == sum(sizes)
    assert list_by_name(t5tune, "runs/sweep").keys() == {"sweep/one"}
    plain = t5tune("runs").out.splitlines()
    assert len({line.index("  t5 from scratch") for line in plain[1:]}) == 1, "columns are aligned"


def test_the_list_is_a_table_for_papers_and_spreadsheets(t5tune: RunCommand) -> None:
    rows = list(csv.DictReader(t5tune("runs", "--format", "csv").out.splitlines()))
    assert rows[0]["run"] == "phrasebook"
    assert float(rows[0]["interval_low"]) < float(rows[0]["value"])
    assert t5tune("runs", "--format", "latex").out.count(r"\\") == 2
    assert t5tune("runs", "--format", "markdown").out.count("\n| ") == 2
    assert t5tune("runs", "--format", "csv", "--json").code == 2


def test_what_is_no_run_is_named(t5tune: RunCommand) -> None:
    assert "runs/ holds phrasebook" in t5tune("runs", "show", "demo").err
    assert "nowhere does not exist." in t5tune("runs", "nowhere").err
    Path("file").touch()
    assert "file is a file, not a directory." in t5tune("runs", "file").err
    shutil.rmtree("runs")
    assert t5tune("runs").err.startswith("there are no runs in runs")
    assert t5tune("runs", "--json").out == "[]\n"


def test_a_failed_training_says_why_until_it_goes_on(t5tune: RunCommand) -> None:
    recipe = write_tiny_recipe(Path())
    failed = t5tune("train", recipe, "training.learning_rate=1e35")
    assert failed.code == 1
    row = list_by_name(t5tune)["tiny"]
    assert row["state"] == "failed"
    assert row["reason"] in failed.err
    shown = t5tune("runs", "show", "tiny").out
    assert row["reason"] in shown
    again = t5tune("train", recipe, "training.max_steps=2", "training.eval_steps=2", "export=none")
    assert again.code == 0, again.err
    assert list_by_name(t5tune)["tiny"]["state"] == "finished"


def test_it_shows_what_a_run_records(t5tune: RunCommand) -> None:
    values = json.loads(t5tune("runs", "show", "phrasebook", "--json").out)
    assert [(one["step"], one["is_best"], one["is_last"]) for one in values["checkpoints"]] == [
        (300, False, False),
        (600, True, True),
    ]
    assert sum(values["parts"].values()) == values["num_bytes"]
    shown = t5tune("runs", "show", str(RUN)).out
    assert "checkpoint-600  " in shown
    assert "BLEU 1.86 [" in shown
    assert "sacrebleu 2.6.0" in shown


def test_it_shows_how_two_runs_differ(t5tune: RunCommand) -> None:
    other = copy_run("other")
    recipe = other / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("max_steps: 600", "max_steps: 700"))
    environment = json.loads((other / "environment.json").read_text())
    environment["versions"]["torch"] = "9.0"
    environment["data_sha256"]["data.train"] = "0" * 64
    (other / "environment.json").write_text(json.dumps(environment))
    values = json.loads(t5tune("runs", "diff", "phrasebook", "other", "--json").out)
    assert values["recipe"] == {"training.max_steps": [600, 700]}
    assert values["versions"]["torch"][1] == "9.0"
    assert values["comparison"]["num_different_outputs"] == 0
    shown = t5tune("runs", "diff", "phrasebook", "other").out
    assert "data.train: 01a6026a9faa -> 000000000000" in shown
    assert "the same    commits, machine" in shown
    assert "same output" in shown
    shutil.rmtree(other / "eval")
    assert "no test     runs/other has not been evaluated on the split test." in (
        t5tune("runs", "diff", "phrasebook", "other").out
    )

"""Test `t5tune runs` on the run that version 0.1.0 left, in every state that a run may have.

Its checkpoints are those of steps 300 and 600, of which the second is the best.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import tarfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from t5tune.experiments.watching import follow_lines
from t5tune.run.directory import RunDirectory
from t5tune.run.lock import lock_run
from t5tune.run.manifest import read_manifest, write_manifest
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


def list_checkpoints(run: Path = RUN) -> list[str]:
    return sorted(path.name for path in (run / "checkpoints").iterdir())


def test_nothing_is_removed_before_it_was_shown(t5tune: RunCommand) -> None:
    unfinished = copy_run("unfinished", "model", "eval")
    (unfinished / "checkpoints/writing-checkpoint-900").mkdir()
    running = copy_run("running", "model")
    with lock_run(RunDirectory(running)):
        shown = t5tune("runs", "prune")
        removed = t5tune("runs", "prune", "--yes")
    for result, verb in ((shown, "would remove"), (removed, "removed")):
        assert result.code == 0, result.err
        lines = [line.split("  (neither")[0] for line in result.out.splitlines()]
        names = [line.split()[-1] for line in lines if line.endswith("-300")]
        assert names == [
            f"{RUN}/checkpoints/checkpoint-300",
            f"{unfinished}/checkpoints/checkpoint-300",
        ]
        assert f"{unfinished}/checkpoints/writing-checkpoint-900" in result.out
        assert result.out.startswith(verb)
        assert f"left alone: {running}: it is running" in result.err
    assert "try: t5tune runs prune --yes" in shown.err
    assert shown.out.splitlines()[-1].split()[2:] == removed.out.splitlines()[-1].split()[1:]
    assert list_checkpoints() == list_checkpoints(unfinished) == ["checkpoint-600"]
    assert list_checkpoints(running) == ["checkpoint-300", "checkpoint-600"]
    assert list_by_name(t5tune)["unfinished"]["state"] == "interrupted"


def test_the_best_checkpoint_stays_and_damage_keeps_the_others(t5tune: RunCommand) -> None:
    last = RUN / "checkpoints/checkpoint-600"
    facts = read_manifest(last)
    assert facts is not None
    del facts["files"]
    write_manifest(last, facts | {"best_step": 300})
    assert t5tune("runs", "prune").out == "would free  0 bytes\n"
    write_manifest(last, facts | {"best_step": 600})
    weights = last / "model.safetensors"
    weights.write_bytes(bytes([weights.read_bytes()[0] ^ 1]) + weights.read_bytes()[1:])
    damaged = t5tune("runs", "prune", "--yes")
    assert "model.safetensors has changed since it was written; nothing of this run" in damaged.err
    assert list_checkpoints() == ["checkpoint-300", "checkpoint-600"]


def test_rules_choose_the_runs_and_what_of_them_goes(t5tune: RunCommand) -> None:
    copy_run("unfinished", "model", "eval")
    for path in (RUN, *RUN.iterdir()):
        os.utime(path, (0, 0))

    def plan(*options: str) -> set[str]:
        values = json.loads(t5tune("runs", "prune", *options, "--json").out)
        assert values["is_removed"] == ("--yes" in options)
        assert values["num_bytes"] == sum(one["num_bytes"] for one in values["removals"])
        return {one["path"].removeprefix("runs/") for one in values["removals"]}

    both = {f"{name}/checkpoints/checkpoint-300" for name in ("phrasebook", "unfinished")}
    assert plan() == both
    assert plan("--keep-checkpoints", "2") == set()
    assert plan("--older-than", "2w") == {"phrasebook/checkpoints/checkpoint-300"}
    assert plan("--state", "interrupted") == plan("runs/unfinished") == both - plan("phrasebook")
    (RUN / "cache").mkdir()
    assert plan("phrasebook", "--caches") - both == {"phrasebook/cache"}
    assert plan("--whole-runs", "--state", "interrupted", "--yes") == {"unfinished"}
    assert [path.name for path in Path("runs").iterdir()] == ["phrasebook"]
    for options, message in (
        (("--whole-runs",), "no run and no state is named"),
        (("--state", "done"), "there are running, interrupted, finished, failed, damaged."),
        (("--older-than", "soon"), "is not an age"),
        (("nowhere",), "nowhere is not a run, nor a directory that holds runs"),
    ):
        assert message in t5tune("runs", "prune", *options).err


def test_checkpoints_that_will_be_averaged_stay(t5tune: RunCommand) -> None:
    unfinished = copy_run("unfinished", "model", "eval")
    path = unfinished / "environment.json"
    environment = json.loads(path.read_text())
    environment["recipe"]["training"]["average_checkpoints"] = 2
    path.write_text(json.dumps(environment))
    result = t5tune("runs", "prune", "unfinished", "--yes")
    assert "left alone: runs/unfinished: training.average_checkpoints needs" in result.err
    assert list_checkpoints(unfinished) == ["checkpoint-300", "checkpoint-600"]


def test_a_run_is_followed_until_it_ends() -> None:
    run = RunDirectory(copy_run("running", "model", "eval"))
    log = run.log.read_text(encoding="utf-8").splitlines()
    resumed = [log[0], log[1].replace('"loss": ', '"loss": 1'), *log[2:4]]
    contents = [log[:2], log[:3], resumed]

    def write_next() -> None:
        run.log.write_text("\n".join(contents.pop(0)) + "\n", encoding="utf-8")

    write_next()
    with ExitStack() as stack:
        stack.enter_context(lock_run(run))
        views = list(follow_lines(run, lambda: write_next() if contents else stack.close()))
    steps = [[line["step"] for line in lines] for _, lines in views]
    assert steps == [[50, 100], [150], [100, 150, 200], []]
    assert [view.state.name for view, _ in views] == ["running"] * 3 + ["interrupted"]


def test_what_has_ended_is_shown(t5tune: RunCommand) -> None:
    shown = t5tune("runs", "watch")
    assert shown.code == 0, shown.err
    assert f"using {RUN}" in shown.err
    lines = shown.out.splitlines()
    assert lines[-2].startswith("step 600  0:12  validation:  BLEU 0.46")
    assert lines[-1].startswith(f"{RUN}  finished  step 600")
    logged = t5tune("runs", "watch", "phrasebook", "--json").out.splitlines()
    assert [json.loads(line) for line in logged] == [
        json.loads(line) for line in (RUN / "log.jsonl").read_text().splitlines()
    ]
    shutil.rmtree(RUN / "model")
    ended = t5tune("runs", "watch", "phrasebook")
    assert ended.code == 1
    assert "runs/phrasebook is interrupted after step 600" in ended.err
    assert "try: t5tune train runs/phrasebook" in ended.err

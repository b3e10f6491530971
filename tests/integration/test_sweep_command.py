"""Test a sweep of two values and two seeds: stopped, continued, with a failure, and finished."""

from __future__ import annotations

import csv
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from t5tune.run.directory import RunDirectory
from t5tune.run.lock import lock_run
from tests import forks
from tests.conftest import RunCommand, write_tiny_recipe

STOPPED_SWEEP = Path(__file__).parent / "stopped_sweep"
SWEPT = ("training.learning_rate=0.02,0.05", "training.max_steps=2", "training.eval_steps=2")
COMMAND = ("sweep", "tiny.yaml", *SWEPT, "export=none", "--seeds", "2")
DIRECTORY = Path("runs/tiny-sweep")
LAST = DIRECTORY / "learning_rate=0.02-seed=43"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_tiny_recipe(tmp_path)


def run_sweep(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "t5tune", *COMMAND, *options]
    return forks.run(command, env=os.environ | environment, text=True)


def read_states(directory: Path = DIRECTORY) -> dict[str, str]:
    values = json.loads((directory / "sweep.json").read_text(encoding="utf-8"))
    return {Path(one["run"]).name: one["state"] for one in values["trainings"]}


def test_a_sweep_is_stopped_continued_and_compared(t5tune: RunCommand) -> None:
    stopped = run_sweep(PYTHONPATH=str(STOPPED_SWEEP), STOP_AT_SECOND="1")
    assert stopped.returncode == 130, stopped.stderr
    assert "try: t5tune sweep tiny.yaml" in stopped.stderr
    first, second, *others = read_states().items()
    assert first == ("learning_rate=0.02-seed=42", "finished")
    assert second[1] != "finished"
    assert [state for _, state in others] == ["waiting", "waiting"]
    model = DIRECTORY / first[0] / "model" / "manifest.json"
    before = model.stat().st_mtime_ns

    with lock_run(RunDirectory(LAST)):
        failed = run_sweep("--jobs", "2")
    assert failed.returncode == 1
    assert "1 of 4 trainings failed:\nlearning_rate=0.02 seed 43: runs/tiny" in failed.stderr
    assert f"{LAST} is in use by process {os.getpid()}" in failed.stderr
    assert list(read_states().values()).count("finished") == 3
    assert model.stat().st_mtime_ns == before, "what is finished is not trained again"

    finished = run_sweep("--json", "--num-processes", "2")
    assert finished.returncode == 0, finished.stderr
    assert "4 trainings, 3 of them finished" in finished.stderr
    assert "processes: 2" in (DIRECTORY / "output" / f"{LAST.name}.txt").read_text(encoding="utf-8")
    check_result(json.loads(finished.stdout))
    rows = list(csv.DictReader(t5tune(*COMMAND, "--format", "csv").out.splitlines()))
    assert [(row["score"], row["arm"]) for row in rows[:2]] == [
        ("BLEU", "learning_rate=0.02"),
        ("BLEU", "learning_rate=0.05"),
    ]
    assert rows[0]["verdict"] == "baseline"
    plain = t5tune(*COMMAND).out
    assert "The test set has chosen nothing" in plain

    other = t5tune(*COMMAND, "training.warmup_steps=1")
    assert other.code == 1
    assert "these keys differ: training.warmup_steps." in other.err
    listed = json.loads(t5tune("runs", "--json").out)
    assert len(listed) == 4


def check_result(values: dict[str, Any]) -> None:
    assert {one["state"] for one in values["trainings"]} == {"finished"}
    reports = {
        (one["arm"], one["seed"]): json.loads(
            Path(one["run"], "eval/test/report.json").read_text(encoding="utf-8")
        )
        for one in values["trainings"]
    }
    first, second = values["arms"]
    assert first["seeds"] == second["seeds"] == [42, 43]
    chrf = [next(s for s in arm["scores"] if s["name"] == "chrF2++") for arm in values["arms"]]
    of_first = [reports[first["arm"], seed]["scores"][1]["value"] for seed in (42, 43)]
    assert chrf[0]["mean"] == pytest.approx(statistics.fmean(of_first))
    assert chrf[0]["deviation"] == pytest.approx(statistics.stdev(of_first))
    low, high = chrf[0]["confidence_interval"]
    assert low <= chrf[0]["mean"] <= high
    assert chrf[1]["difference"]["value"] == pytest.approx(chrf[1]["mean"] - chrf[0]["mean"])
    means = {arm["arm"]: arm["scores"][0]["validation_mean"] for arm in values["arms"]}
    assert means[values["chosen_by_validation"]] == max(means.values())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("training.batchs=1,2",), "training.batchs: unknown key"),
        (("training.learning_rate=1e-3,fast",), "expected a number, found 'fast'"),
        (("training.learning_rate=1e-3",), "there is nothing to sweep"),
        (("training.learning_rate=1e-3..1e-2",), "drawn by --random"),
        (("training.learning_rate=1e-2..1e-3", "--random", "2"), "begins with its smaller end"),
        (("training.learning_rate=1,,2",), "a value is empty"),
        (("training.seed=1,2", "training.seed=3"), "training.seed is given twice"),
        (("training.seed=1,2", "--seeds", "2"), "--seeds 2 sets it too"),
        (("evaluation.best_metric=bleu,chrf",), "evaluation.best_metric cannot be swept"),
        (("data.train.file=train.tsv,nowhere.tsv",), "nowhere.tsv"),
        (("training.seed=1,2", "--num-processes", "0"), "neither a positive number nor auto"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_anything_is(
    t5tune: RunCommand, arguments: tuple[str, ...], message: str
) -> None:
    result = t5tune("sweep", "tiny.yaml", *arguments)
    assert result.code == 1
    assert message in result.err
    assert not Path("runs").exists()

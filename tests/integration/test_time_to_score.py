"""Test the benchmark of the time to a score: its arithmetic, how it resumes, its picture, sides."""

from __future__ import annotations

import argparse
import importlib
import itertools
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple
from xml.etree import ElementTree

import pytest
from transformers import TrainerCallback

from t5tune.recipe.loading import load_recipe
from t5tune.run.directory import RunDirectory
from tests.conftest import REPOSITORY

FOLDERS = [str(REPOSITORY / "benchmarks"), str(REPOSITORY / "docs" / "pictures")]


class Modules(NamedTuple):
    """Modules outside the package."""

    curves: ModuleType
    command: ModuleType
    side: ModuleType
    picture: ModuleType


@pytest.fixture(scope="module")
def modules() -> Iterator[Modules]:
    sys.path[:0] = FOLDERS
    names = ("score_curves", "time_to_score", "time_to_score_side", "minutes_to_score")
    try:
        yield Modules(*map(importlib.import_module, names))
    finally:
        sys.path[:] = [path for path in sys.path if path not in FOLDERS]


def make_record(side: str, points: Sequence[tuple[float, float]], **fields: Any) -> dict[str, Any]:
    """Return a record whose training took the processor half of the minutes on the wall."""
    curve = [
        {
            "wall_seconds": 60 * m,
            "processor_seconds": 30 * m,
            "step": i,
            "score": score,
            "smooth": score,
        }
        for i, (m, score) in enumerate(points)
    ]
    base = {"task": "g2p dut", "purpose": "measure", "side": side, "seed": 1, "optim": "adafactor"}
    return {**base, "rate": 0.03, "metric": "exact_match", "bf16": True, "curve": curve, **fields}


def test_minutes_to_a_score(modules: Modules) -> None:
    """Between two validations a curve is a line; only the first time counts."""
    curve = modules.curves.read_curve(
        make_record("stock", [(1, 10), (3, 50), (4, 30), (5, 60)]), "wall"
    )
    minutes_to = modules.curves.minutes_to
    assert minutes_to(curve, 5) == pytest.approx(0.5)
    assert minutes_to(curve, 30) == pytest.approx(2)
    assert minutes_to(curve, 50) == pytest.approx(3)
    assert minutes_to(curve, 55) == pytest.approx(4 + 25 / 30)
    assert minutes_to(curve, 60.1) is None
    half = modules.curves.read_curve(make_record("stock", [(1, 10)]), "processor")
    assert minutes_to(half, 10) == pytest.approx(0.5)


def test_median_counts_seeds_that_never_arrive(modules: Modules) -> None:
    curves = [[(0, 0), (minutes, 80)] for minutes in (4, 2)]
    curves = [[modules.curves.Point(*point) for point in curve] for curve in curves]
    late = [modules.curves.Point(0, 0), modules.curves.Point(9, 79)]
    median = modules.curves.median_minutes
    assert median([*curves, late], 80) == 4
    assert median([curves[0], late, late], 80) is None
    assert median([curves[0], late], 80) is None
    assert median([], 80) is None


def test_table(modules: Modules) -> None:
    records = [
        make_record("stock", [(4, 60), (8, 70)]),
        make_record("stock-best", [(3, 60), (6, 85)]),
        make_record("t5tune", [(1, 60), (2, 90)]),
    ]
    lines = modules.curves.describe_times(records, [60, 80], "wall")
    assert lines[2] == "| 60 | 4.00 | 3.00 | 1.00 | 4.0 | 3.0 |"
    assert lines[3] == "| 80 | not in 8.0 | 5.40 | 1.67 | > 4.8 | 3.2 |"


def test_search_prefers_the_last_smooth_score(modules: Modules) -> None:
    records = [make_record("t5tune", [(1, 0), (2, 0)], rate=rate) for rate in (1, 2, 3)]
    for record, smooth in zip(records, ((-99, -80), (-98, -70), (-40, -90)), strict=True):
        for point, value in zip(record["curve"], smooth, strict=True):
            point["smooth"] = value
    assert modules.curves.best_setting(records)["rate"] == 2


def read_options(modules: Modules, results: Path) -> argparse.Namespace:
    return modules.command.read_options(
        [
            "--task",
            "g2p",
            "--data",
            ".",
            "--results",
            str(results),
            "--seeds",
            "3",
            "--threads",
            "1",
        ]
    )


class FakeSides:
    """Trainings that take no time; `fails_at` of them are made before one is interrupted."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.made: list[tuple[str, str, str]] = []
        self.fails_at = fails_at

    def run(self, command: list[str], **_: Any) -> argparse.Namespace:
        if len(self.made) == self.fails_at:
            raise KeyboardInterrupt
        values = dict(zip(command[2::2], command[3::2], strict=False))
        self.made.append((values["--side"], values["--seed"], values["--rate"]))
        best = {"stock": "0.002", "stock-best": "0.004", "t5tune": "0.03"}[values["--side"]]
        score = 80 if values["--rate"] == best else 70
        result = make_record("", [(1, 30), (2, score)], steps=100 + ("--bf16" in command))
        result = {key: result[key] for key in ("curve", "metric", "bf16", "steps")}
        return argparse.Namespace(returncode=0, stdout=json.dumps(result) + "\n", stderr="")


def test_an_interrupted_benchmark_resumes(
    modules: Modules, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No training is made twice, except the one whose line was cut off."""
    results = tmp_path / "results.jsonl"
    first, second, third = FakeSides(fails_at=17), FakeSides(), FakeSides()
    monkeypatch.setattr(modules.command.subprocess, "run", first.run)
    with pytest.raises(KeyboardInterrupt):
        modules.command.Benchmark(read_options(modules, results)).run()
    results.write_text(results.read_text(encoding="utf-8")[:-20], encoding="utf-8")
    monkeypatch.setattr(modules.command.subprocess, "run", second.run)
    measured = modules.command.Benchmark(read_options(modules, results)).run()
    assert second.made[0] == first.made[-1]
    num_searched = sum(map(len, modules.command.SEARCH.values()))
    assert len(first.made) + len(second.made) == 2 + num_searched + 1 + 9 + 1
    searched = [rate for side, _, rate in first.made + second.made if side == "stock-best"]
    assert "0.008" in searched  # because 0.004, the best, is the highest of its rates
    chosen = {(record["side"], record["rate"], record["bf16_asked"]) for record in measured}
    assert chosen == {("stock", 0.002, False), ("stock-best", 0.004, True), ("t5tune", 0.03, False)}
    orders = [[record["side"] for record in measured[i : i + 3]] for i in (0, 3, 6)]
    assert {order[0] for order in orders} == set(modules.curves.SIDES)
    monkeypatch.setattr(modules.command.subprocess, "run", third.run)
    assert modules.command.Benchmark(read_options(modules, results)).run() == measured
    assert third.made == []


def test_the_clock_of_steps(
    modules: Modules, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time of a step is a median without the first part; it identifies what follows."""
    commands = []

    def run(command: list[str], env: dict[str, str], **_: Any) -> argparse.Namespace:
        values = dict(zip(command[2::2], command[3::2], strict=False))
        commands.append(values)
        points = [(1, 10), (2, 20), (2 + [0.1, 0.4, 0.2][len(commands) // 3 % 3], 30)]
        result = make_record("", points, steps=100)
        result = {key: result[key] for key in ("curve", "metric", "bf16", "steps")}
        result["threads"] = int(env["OMP_NUM_THREADS"])
        return argparse.Namespace(returncode=0, stdout=json.dumps(result) + "\n", stderr="")

    monkeypatch.setattr(modules.command.subprocess, "run", run)
    options = read_options(modules, tmp_path / "results.jsonl")
    options.clock, options.threads = "steps", 2
    benchmark = modules.command.Benchmark(options)
    benchmark.time_steps(dict.fromkeys(modules.curves.SIDES, False))
    assert [values["--clock"] for values in commands] == ["wall"] * 9
    assert benchmark.step_seconds == dict.fromkeys(modules.curves.SIDES, 60 * 1.2 / 2)
    wanted = benchmark.identify("search", "stock", 1, ("adamw_torch", 1e-3), 2.0)
    benchmark.train(wanted)
    assert (commands[-1]["--clock"], commands[-1]["--step-seconds"]) == ("steps", "36.0")
    find_record = modules.curves.find_record
    assert find_record(benchmark.records, wanted) == benchmark.records[-1]
    assert find_record(benchmark.records, wanted | {"step_seconds": 35.0}) is None


def test_every_side_searches_as_much(modules: Modules) -> None:
    assert len({len(pairs) for pairs in modules.command.SEARCH.values()}) == 1


def test_picture(modules: Modules) -> None:
    """One line a side, a band where there are several seeds, labels that do not overlap."""
    records = [
        make_record("stock", [(4, 60), (8, 70)]),
        make_record("stock-best", [(3, 60), (8, 71)]),
        make_record("t5tune", [(1, 60), (2, 90)]),
        make_record("t5tune", [(1, 50), (4, 92)], seed=2),
        make_record("t5tune", [(1, 99)], purpose="search"),
    ]
    picture = modules.picture.draw(records, "wall")
    assert "prefers-color-scheme: dark" in picture
    root = ElementTree.fromstring(picture)
    space = "{http://www.w3.org/2000/svg}"
    classes = [line.get("class") for line in root.iter(f"{space}polyline")]
    assert classes == ["stock line", "stock-best line", "t5tune line"]
    assert [band.get("class") for band in root.iter(f"{space}polygon")] == ["t5tune band"]
    heights = sorted(
        float(text.get("y", "0"))
        for text in root.iter(f"{space}text")
        if text.get("class") in modules.curves.SIDES
    )
    assert len(heights) == 3
    assert min(b - a for a, b in itertools.pairwise(heights)) >= 15


def test_steps_count_for_the_same_time(modules: Modules) -> None:
    """A budget of 3 seconds has six steps of half a second, whatever else the machine does."""
    clock = modules.side.ScoreClock(
        lambda: (1.0, 1.0), 3.0, 1.0, 50.0, clock="steps", step_seconds=0.5
    )
    clock._continue()
    control = argparse.Namespace(should_training_stop=False)
    for step in range(1, 7):
        assert not control.should_training_stop
        clock.on_step_end(None, argparse.Namespace(global_step=step, max_steps=9), control)
    assert control.should_training_stop
    assert [point["step"] for point in clock.curve] == [2, 4, 6]
    assert [point["steps_seconds"] for point in clock.curve] == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("side", ["stock-best", "t5tune"])
def test_a_side_trains_within_its_budget(
    modules: Modules, side: str, tiny_recipe: Path, tmp_path: Path
) -> None:
    """Its schedule ends with the budget, and its learning rate is the one that was asked for."""
    rates = []

    class Rates(TrainerCallback):
        def on_step_end(self, *_: Any, lr_scheduler: Any = None, **__: Any) -> None:
            rates.append(lr_scheduler.get_last_lr()[0])

    start = modules.side.prepare(load_recipe(tiny_recipe), RunDirectory(tmp_path / "run"), None)
    scores = iter([(0.0, 1.0), (12.0, 15.0), (90.0, 95.0)])
    clock = modules.side.ScoreClock(lambda: next(scores), 0.9, 0.24, 80.0, clock="processor")
    options = argparse.Namespace(side=side, optim="adamw_torch", rate=1e-3, bf16=False)
    section = {"max_steps": 5000, "warmup_steps": 3, "learning_rate": 1e-3, "optim": "adamw_torch"}
    training = start.recipe.training.model_copy(update=section)
    recipe = start.recipe.model_copy(update={"training": training})
    trainer = modules.side.build_trainer_of(
        replace(start, recipe=recipe), clock, options, RunDirectory(tmp_path / "run")
    )
    trainer.add_callback(Rates())
    trainer.train()
    assert [point["score"] for point in clock.curve] == [0.0, 12.0, 90.0]
    seconds = [point["processor_seconds"] for point in clock.curve]
    assert seconds[0] >= 0.24
    assert 0.72 <= seconds[-1] < 0.9
    assert rates[0] == pytest.approx(1e-3 / 3)
    assert max(rates) <= 1e-3
    assert 0 < rates[-1] < 0.4e-3
    assert trainer.state.global_step < 5000

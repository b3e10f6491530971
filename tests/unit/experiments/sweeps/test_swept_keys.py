"""Test the values of a sweep as they are typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from t5tune.experiments.sweeps.sweep_plan import SweepRequest, plan_sweep
from t5tune.experiments.sweeps.sweep_processes import divide_machine
from t5tune.experiments.sweeps.swept_keys import (
    draw_combinations,
    list_combinations,
    read_swept,
    split_values,
)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1e-4,3e-4", ["1e-4", "3e-4"]),
        ("[bleu, chrf],[bleu]", ["[bleu, chrf]", "[bleu]"]),
        ("{r_drop: 1, fgm: 2},null", ["{r_drop: 1, fgm: 2}", "null"]),
        ("'a, b', c", ["'a, b'", "c"]),
        ("don't,do", ["don't", "do"]),
        ('["it\'s", "a"],[]', ['["it\'s", "a"]', "[]"]),
        ("one", ["one"]),
    ],
)
def test_values_are_split_at_their_own_commas_alone(text: str, values: list[str]) -> None:
    assert split_values(text) == values


def test_a_draw_is_the_same_each_time_and_grows() -> None:
    arguments = ["training.learning_rate=1e-5..1e-3", "decoding.num_beams=1..4", "export=none"]
    swept, fixed = read_swept([*arguments, "training.optim=adafactor,adamw_torch"])
    assert fixed == ["export=none"]
    drawn = draw_combinations(swept, 20, seed=1)
    assert drawn[:5] == draw_combinations(swept, 5, seed=1)
    assert drawn != draw_combinations(swept, 20, seed=2)
    assert len(set(drawn)) == 20
    rates = [float(change[0].partition("=")[2]) for change in drawn]
    assert all(1e-5 <= rate <= 1e-3 for rate in rates)
    assert sum(rate < 1e-4 for rate in rates) >= 5, "logarithms are drawn"
    assert {change[1] for change in drawn} == {f"decoding.num_beams={n}" for n in range(1, 5)}
    grid, _ = read_swept(["a=1,2", "b=x,y,y"])
    assert list(list_combinations(grid)) == [
        ("a=1", "b=x"), ("a=1", "b=y"), ("a=2", "b=x"), ("a=2", "b=y"),
    ]  # fmt: skip
    assert len(draw_combinations(grid, 9, seed=1)) == 4


def test_arms_take_turns_and_have_names_of_their_own(tiny_recipe: Path) -> None:
    swept = ("training.max_steps=2,4", 'data.train.prefix="a/b","a b"')
    plan = plan_sweep(SweepRequest(str(tiny_recipe), swept, num_seeds=2))
    assert plan.arms[0].name == 'max_steps=2, prefix="a/b"'
    names = [training.run.path.name for training in plan.trainings]
    assert len(set(names)) == 8
    assert [training.seed for training in plan.trainings] == [42] * 4 + [43] * 4
    assert plan.trainings[4].arm == plan.arms[1], "no arm is always the first"
    assert {training.recipe.training.max_steps for training in plan.trainings} == {2, 4}


def test_a_seed_that_is_swept_is_named_once(tiny_recipe: Path) -> None:
    plan = plan_sweep(SweepRequest(str(tiny_recipe), ("training.seed=1,2",)))
    assert [one.run.path.name for one in plan.trainings] == ["seed=1", "seed=2"]
    assert [one.name for one in plan.trainings] == ["seed=1", "seed=2"]


def test_processes_share_cores_and_devices() -> None:
    own = {"CUDA_VISIBLE_DEVICES": "2,5"}
    shares = [divide_machine(own, place, 3) for place in range(3)]
    assert [share["CUDA_VISIBLE_DEVICES"] for share in shares] == ["2", "5", "2"]
    assert divide_machine(own, 0, 1)["CUDA_VISIBLE_DEVICES"] == "2,5"
    assert divide_machine({"OMP_NUM_THREADS": "7"}, 0, 2)["OMP_NUM_THREADS"] == "7"
    assert int(divide_machine({"CUDA_VISIBLE_DEVICES": ""}, 0, 2)["OMP_NUM_THREADS"]) >= 1


def test_trainings_of_several_processes_share_devices() -> None:
    own = {"CUDA_VISIBLE_DEVICES": "0,1,2,3,4"}

    def list_devices(num_jobs: int, num_processes: str) -> list[str]:
        places = range(num_jobs)
        shares = [divide_machine(own, place, num_jobs, num_processes) for place in places]
        return [share["CUDA_VISIBLE_DEVICES"] for share in shares]

    assert list_devices(2, "2") == ["0,1", "2,3"]
    assert list_devices(2, "auto") == ["0,1", "2,3"]
    assert list_devices(3, "2") == ["0,1", "2,3", "4,0"]
    assert list_devices(2, "9") == ["0,1,2,3,4", "4,0,1,2,3"]

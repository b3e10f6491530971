"""Which process this is, under every launcher."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from t5tune.distributed import launch_environment
from t5tune.distributed.launch_environment import (
    Place,
    bound_spinning,
    complete_environment,
    count_other_threads,
    drop_accelerate_settings,
    find_place,
    first_host,
)
from t5tune.errors import T5TuneError

SRUN = {
    "SLURM_JOB_ID": "123456", "SLURM_STEP_ID": "0", "SLURM_PROCID": "5", "SLURM_NTASKS": "8",
    "SLURM_LOCALID": "1", "SLURM_NODELIST": "gpu[07-08]", "SLURM_CPUS_PER_TASK": "6",
    "SLURM_TASKS_PER_NODE": "4(x2)",
}  # fmt: skip


def test_no_launcher_is_one_process() -> None:
    assert find_place({}) == Place(0, 1, 0)
    assert find_place({"WORLD_SIZE": "1"}) == Place(0, 1, 0)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        (
            {"RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2"},
            Place(3, 4, 1, 2),
        ),
        (
            {
                "OMPI_COMM_WORLD_RANK": "1",
                "OMPI_COMM_WORLD_SIZE": "2",
                "OMPI_COMM_WORLD_LOCAL_RANK": "1",
            },
            Place(1, 2, 1),
        ),
        ({"PMI_RANK": "1", "PMI_SIZE": "2", "MPI_LOCALRANKID": "0"}, Place(1, 2, 0)),
        (SRUN, Place(5, 8, 1, 4)),
        # Processes of our own launcher within a task of srun.
        ({**SRUN, "RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "1"}, Place(1, 2, 1)),
    ],
)
def test_launchers_are_recognised(environment: dict[str, str], expected: Place) -> None:
    assert find_place(environment) == expected


def test_a_batch_script_is_alone() -> None:
    """It has srun's variables, and would wait for ever for the other seven."""
    script = {key: value for key, value in SRUN.items() if key != "SLURM_STEP_ID"}
    assert find_place(script) == Place()
    assert find_place({**SRUN, "SLURM_STEP_ID": str(0xFFFFFFFB)}) == Place()


@pytest.mark.parametrize(
    "environment",
    [
        {"RANK": "2", "WORLD_SIZE": "2"},
        {"RANK": "x", "WORLD_SIZE": "2"},
        {"WORLD_SIZE": "2"},
        {"RANK": "0", "WORLD_SIZE": "2", "LOCAL_RANK": "-1"},
    ],
)
def test_contradictions_are_refused(environment: dict[str, str]) -> None:
    with pytest.raises(T5TuneError, match="does not say which process this is"):
        find_place(environment)


def test_slurm_gives_what_torch_reads() -> None:
    environment = dict(SRUN)
    complete_environment(environment, find_place(environment))
    assert environment.items() >= {
        "RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1", "MASTER_ADDR": "gpu07",
        "MASTER_PORT": str(20_000 + 123456 % 20_000), "OMP_NUM_THREADS": "6",
    }.items()  # fmt: skip
    other = {**SRUN, "MASTER_ADDR": "head", "MASTER_PORT": "1234"}
    complete_environment(other, find_place(other))
    assert (other["MASTER_ADDR"], other["MASTER_PORT"]) == ("head", "1234")


def test_an_address_is_needed() -> None:
    with pytest.raises(T5TuneError, match="MASTER_ADDR is not set"):
        complete_environment({}, Place(0, 2, 0))


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ("gpu01", "gpu01"),
        ("gpu01,gpu02", "gpu01"),
        ("gpu[01-04]", "gpu01"),
        ("gpu[07,09-12],login1", "gpu07"),
        ("rack[2-3]node[08-11]-ib,x", "rack2node08-ib"),
        ("a-b[3],c", "a-b3"),
    ],
)
def test_the_first_host(nodes: str, expected: str) -> None:
    assert first_host(nodes) == expected


def test_the_recipe_and_not_accelerate_says_how_to_compute() -> None:
    environment = {
        "ACCELERATE_MIXED_PRECISION": "bf16",
        "ACCELERATE_USE_FSDP": "true",
        "ACCELERATE_GRADIENT_ACCUMULATION_STEPS": "1",
        "ACCELERATE_USE_CPU": "False",
    }
    assert drop_accelerate_settings(environment) == {
        "ACCELERATE_MIXED_PRECISION=bf16": "training.bf16",
        "ACCELERATE_USE_FSDP=true": "training.sharding",
    }
    assert environment == {"ACCELERATE_USE_CPU": "False"}


@pytest.mark.parametrize(("others", "spins"), [(0.0, "10000"), (0.6, "1000"), (4.0, "1000")])
def test_threads_wait_a_short_while_only_beside_others(
    others: float, spins: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch_environment, "count_other_threads", lambda: others)
    environment: dict[str, str] = {}
    bound_spinning(environment)
    assert environment == {"GOMP_SPINCOUNT": spins}


@pytest.mark.skipif(sys.platform != "linux", reason="/proc/stat")
def test_other_programs_are_counted() -> None:
    """By how many they differ: tests run beside others."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(3)]
    try:
        counts = [count_other_threads(num_looks=50) for _ in range(3)]
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
    assert max(counts) >= 2.5


def test_what_the_user_has_set_about_waiting_stays() -> None:
    for chosen in ({"GOMP_SPINCOUNT": "77"}, {"OMP_WAIT_POLICY": "ACTIVE"}):
        environment = dict(chosen)
        bound_spinning(environment)
        assert environment == chosen


@pytest.mark.skipif(sys.platform != "linux", reason="libgomp comes with torch for Linux")
def test_the_command_line_sets_it_before_torch_is_loaded() -> None:
    """libgomp prints what it has read: a variable that is set later has no effect."""
    script = (
        "import sys\n"
        "from t5tune.cli.app import main\n"
        "sys.argv[1:] = ['--version']\n"
        "try:\n"
        "    main()\n"
        "except SystemExit:\n"
        "    import torch\n"
    )
    environment = {**os.environ, "OMP_DISPLAY_ENV": "VERBOSE"}
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    if "OPENMP DISPLAY ENVIRONMENT" not in done.stderr:
        pytest.skip("torch was built with another OpenMP than libgomp")
    set_to = re.search(r"GOMP_SPINCOUNT = '(\d+)'", done.stderr)
    assert set_to
    assert set_to[1] in ("1000", "10000")

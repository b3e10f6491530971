"""Test how every launcher tells a process its rank."""

from __future__ import annotations

import pytest

from t5tune.distributed.launch_environment import (
    Place,
    complete_environment,
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


def test_without_a_launcher_there_is_one_process() -> None:
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
        # Processes of our own launcher within an srun task.
        ({**SRUN, "RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "1"}, Place(1, 2, 1)),
    ],
)
def test_launchers_are_recognised(environment: dict[str, str], expected: Place) -> None:
    assert find_place(environment) == expected


def test_a_batch_script_is_alone() -> None:
    """It has srun's variables, but would wait for ever for the other seven."""
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

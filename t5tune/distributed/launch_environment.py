"""Rank and number of processes, from the environment of torchrun, Accelerate, MPI or Slurm."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass

from t5tune.errors import T5TuneError

# Rank and number of processes, in all and on this machine. torchrun's names come first: Accelerate
# and our own launcher set them too.
_NAMES = (
    ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"),
    (
        "OMPI_COMM_WORLD_RANK",
        "OMPI_COMM_WORLD_SIZE",
        "OMPI_COMM_WORLD_LOCAL_RANK",
        "OMPI_COMM_WORLD_LOCAL_SIZE",
    ),
    ("PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS"),
    ("SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID", "SLURM_TASKS_PER_NODE"),
)
_SLURM = _NAMES[-1]
_SLURM_NODES = ("SLURM_STEP_NODELIST", "SLURM_NODELIST", "SLURM_JOB_NODELIST")

# Slurm numbers steps that srun did not start, such as the batch script, from here.
_FIRST_SPECIAL_STEP = 0xFFFFFFF0


@dataclass(frozen=True)
class Place:
    """One of several processes."""

    rank: int = 0  # from 0, the main process, which reads, writes and prints
    num_processes: int = 1  # on all machines
    local_rank: int = 0  # on this machine; it chooses the GPU
    num_local: int = 1  # on this machine, as far as the launcher tells; they share its memory


def find_place(environment: Mapping[str, str]) -> Place:
    """Return the place that a launcher has given to this process, or that of a single process.

    Raises:
        T5TuneError: The environment variables contradict each other.
    """
    for names in _NAMES:
        if names == _SLURM and not _is_srun(environment):
            continue
        rank, num, local_rank, num_local = map(environment.get, names)
        if num is not None and (rank is not None or num != "1"):
            try:
                # Slurm writes `4(x2),3` for 4, 4 and 3.
                first = re.match("[1-9][0-9]*", num_local or "") or ["1"]
                place = Place(int(rank or ""), int(num), int(local_rank or "0"), int(first[0]))
            except ValueError:
                place = Place(rank=-1)
            if not 0 <= place.rank < place.num_processes or place.local_rank < 0:
                values = ", ".join(f"{name}={environment.get(name)}" for name in names[:3])
                raise T5TuneError(
                    f"the environment does not say which process this is: {values}.",
                    next_command=f"unset {' '.join(names[:3])}",
                )
            return place
    return Place()


def _is_srun(environment: Mapping[str, str]) -> bool:
    """Return whether srun started this process; a batch script has the same variables."""
    step = environment.get("SLURM_STEP_ID")
    if step is None:
        return "SLURM_JOB_ID" not in environment
    return step.isdecimal() and int(step) < _FIRST_SPECIAL_STEP


def complete_environment(environment: MutableMapping[str, str], place: Place) -> None:
    """Set those variables of torchrun, which torch and Accelerate read, that are missing.

    Raises:
        T5TuneError: The address of the main process is not known.
    """
    environment["RANK"] = str(place.rank)
    environment["WORLD_SIZE"] = str(place.num_processes)
    environment["LOCAL_RANK"] = str(place.local_rank)
    environment.setdefault("LOCAL_WORLD_SIZE", str(place.num_local))
    if "MASTER_ADDR" not in environment:
        lists = map(environment.get, _SLURM_NODES)
        if (nodes := next(filter(None, lists), None)) is None:
            raise T5TuneError(
                "MASTER_ADDR is not set: the address of the process of rank 0 is unknown.",
                next_command="export MASTER_ADDR=HOST MASTER_PORT=29500",
            )
        environment["MASTER_ADDR"] = first_host(nodes)
    if "MASTER_PORT" not in environment:
        # Jobs that share a machine must not share a port.
        job = environment.get("SLURM_JOB_ID", "")
        environment["MASTER_PORT"] = str(20_000 + int(job) % 20_000 if job.isdecimal() else 29_500)
    # Otherwise processes that share cores would wait for one another's threads.
    threads = environment.get("SLURM_CPUS_PER_TASK") or str(threads_per_process(place.num_local))
    environment.setdefault("OMP_NUM_THREADS", threads)


def threads_per_process(num_processes: int) -> int:
    """Return the number of threads of each process on this machine: torch's default is too many."""
    return max(1, count_cores() // num_processes)


def count_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def forget_launcher(environment: MutableMapping[str, str]) -> None:
    """Remove a launcher's variables from the environment of a single process.

    torch and Accelerate would otherwise set up a process group of one.
    """
    for name in _NAMES[0]:
        environment.pop(name, None)


def first_host(nodes: str) -> str:
    """Return the first host of a list of nodes such as `rack[2-3]node[08-11]-ib,login1`."""
    firsts = re.sub(r"\[([^],-]*)[^]]*\]", r"\1", nodes)
    return firsts.split(",")[0]


# Settings in the file of `accelerate launch` that would change a run. The file chooses where
# processes run; how they compute is up to the recipe, so that a recipe gives the same run anywhere.
_ACCELERATE_SETTINGS = {
    "ACCELERATE_MIXED_PRECISION": ("no", "training.bf16"),
    "ACCELERATE_GRADIENT_ACCUMULATION_STEPS": ("1", "training.gradient_accumulation_steps"),
    "ACCELERATE_DYNAMO_BACKEND": ("no", "training.torch_compile"),
    "ACCELERATE_USE_FSDP": ("false", "training.sharding"),
    "ACCELERATE_USE_DEEPSPEED": ("false", "training.sharding"),
}


def drop_accelerate_settings(environment: MutableMapping[str, str]) -> dict[str, str]:
    """Remove settings of Accelerate; return the recipe's key for each that had an effect."""
    dropped = {}
    for name, (neutral, key) in _ACCELERATE_SETTINGS.items():
        value = environment.pop(name, neutral)
        if value.lower() != neutral:
            dropped[f"{name}={value}"] = key
    return dropped

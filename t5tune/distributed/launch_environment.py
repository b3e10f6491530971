"""Which one of how many processes this is, as torchrun, Accelerate, MPI and Slurm tell it."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path

from t5tune.errors import T5TuneError

# Rank, number of processes, and the same on this machine. torchrun's names come first: Accelerate
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

# What Slurm numbers the steps from that are not srun's, such as the batch script's own.
_FIRST_SPECIAL_STEP = 0xFFFFFFF0


@dataclass(frozen=True)
class Place:
    """One of several processes.

    Attributes:
        rank: From 0; the process of rank 0 reads, writes and prints.
        num_processes: On all machines.
        local_rank: From 0 on each machine; chooses the GPU.
        num_local: Processes on this machine, as far as the launcher tells; they share its memory.
    """

    rank: int = 0
    num_processes: int = 1
    local_rank: int = 0
    num_local: int = 1


def find_place(environment: Mapping[str, str]) -> Place:
    """The place that a launcher has given to this process; the only one if none has.

    Raises:
        T5TuneError: The variables contradict each other.
    """
    for names in _NAMES:
        if names == _SLURM and not _is_srun(environment):
            continue
        is_incomplete = names[0] not in environment and environment.get(names[1], "1") != "1"
        if (names[0] in environment and names[1] in environment) or is_incomplete:
            try:
                rank, num = int(environment.get(names[0], "")), int(environment[names[1]])
                local_rank = int(environment.get(names[2], "0"))
                place = Place(rank, num, local_rank, _first_number(environment.get(names[3])))
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


def _first_number(text: str | None) -> int:
    """Slurm writes `4(x2),3` for two nodes of four tasks and one of three."""
    match = re.match("[1-9][0-9]*", text or "")
    return int(match[0]) if match else 1


def _is_srun(environment: Mapping[str, str]) -> bool:
    """Whether srun started this process; a batch script has the same variables and is alone."""
    step = environment.get("SLURM_STEP_ID")
    if step is None:
        return "SLURM_JOB_ID" not in environment
    return step.isdecimal() and int(step) < _FIRST_SPECIAL_STEP


def complete_environment(environment: MutableMapping[str, str], place: Place) -> None:
    """Write torchrun's variables, which torch and Accelerate read, where they are missing.

    Raises:
        T5TuneError: Where the first process can be reached is not known.
    """
    environment["RANK"] = str(place.rank)
    environment["WORLD_SIZE"] = str(place.num_processes)
    environment["LOCAL_RANK"] = str(place.local_rank)
    environment.setdefault("LOCAL_WORLD_SIZE", str(place.num_local))
    nodes = environment.get("SLURM_STEP_NODELIST") or environment.get("SLURM_NODELIST")
    nodes = nodes or environment.get("SLURM_JOB_NODELIST")
    if "MASTER_ADDR" not in environment:
        if nodes is None:
            raise T5TuneError(
                "MASTER_ADDR is not set: the address of the process of rank 0 is not known.",
                next_command="export MASTER_ADDR=HOST MASTER_PORT=29500",
            )
        environment["MASTER_ADDR"] = first_host(nodes)
    if "MASTER_PORT" not in environment:
        # Jobs that share a machine must not share a port.
        job = environment.get("SLURM_JOB_ID", "")
        environment["MASTER_PORT"] = str(20_000 + int(job) % 20_000 if job.isdecimal() else 29_500)
    # Processes that share cores would else wait for one another's threads.
    threads = environment.get("SLURM_CPUS_PER_TASK") or str(threads_per_process(place.num_local))
    environment.setdefault("OMP_NUM_THREADS", threads)


# Iterations of libgomp's spin loop (GOMP_SPINCOUNT). The library's own count, 300,000, is some
# milliseconds in which a waiting thread keeps other programs, and the thread that it waits for, off
# its core. The first number costs little on a quiet machine; the second is best beside others, and
# costs up to 40 % on a quiet machine (docs/benchmarks.md, "A busy machine").
_SPINS_ALONE = "10000"
_SPINS_BESIDE_OTHERS = "1000"


def bound_spinning(environment: MutableMapping[str, str]) -> None:
    """Let threads of torch that wait for one another soon give up their core.

    Only speed depends on it: the number of threads, and so every sum, stays what it is. libgomp
    reads the variable when it is loaded, so this comes before the first import of torch. What the
    user has set stays.
    """
    if not {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"} & set(environment):
        is_busy = count_other_threads() >= 0.5
        environment["GOMP_SPINCOUNT"] = _SPINS_BESIDE_OTHERS if is_busy else _SPINS_ALONE


def count_other_threads(num_looks: int = 5) -> float:
    """How many threads of others on this machine want a core, on average over a short while.

    Args:
        num_looks: At the system's count, which stands for an instant.

    Returns:
        0.0 where the system does not tell (it is not Linux).
    """
    counts = []
    for look in range(num_looks):
        time.sleep(0.002 if look else 0.0)
        try:
            found = re.search(rb"^procs_running (\d+)", Path("/proc/stat").read_bytes(), re.M)
        except OSError:
            return 0.0
        counts.append(int(found[1]) - 1 if found else 0)  # this thread is one of them
    return sum(counts) / len(counts)


def threads_per_process(num_processes: int) -> int:
    """How many threads each of the processes on this machine should have.

    torch's own default in a single process, one thread a core, would be too many for several.
    """
    has_affinity = hasattr(os, "sched_getaffinity")
    num_cores = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    return max(1, num_cores // num_processes)


def forget_launcher(environment: MutableMapping[str, str]) -> None:
    """A launcher that has started a single process has started one like any other.

    torch and Accelerate would set up a group of one for it.
    """
    for name in _NAMES[0]:
        environment.pop(name, None)


def first_host(nodes: str) -> str:
    """The first host of Slurm's list of nodes.

    Args:
        nodes: Such as `gpu01`, `gpu[01-04,07]`, `rack[2-3]node[08-11]-ib,login1`.
    """
    host = _up_to_comma(nodes)
    return re.sub(r"\[([^\]]*)\]", lambda match: re.split("[-,]", match[1])[0], host)


def _up_to_comma(nodes: str) -> str:
    """The text before the first comma that is not in brackets."""
    depth = 0
    for position, character in enumerate(nodes):
        depth += {"[": 1, "]": -1}.get(character, 0)
        if character == "," and depth == 0:
            return nodes[:position]
    return nodes


# What `accelerate launch` takes from its file and would change of a run. The file chooses where
# processes run; how they compute is in the recipe, so that the recipe gives the same run anywhere.
_ACCELERATE_SETTINGS = {
    "ACCELERATE_MIXED_PRECISION": ("no", "training.bf16"),
    "ACCELERATE_GRADIENT_ACCUMULATION_STEPS": ("1", "training.gradient_accumulation_steps"),
    "ACCELERATE_DYNAMO_BACKEND": ("no", "training.torch_compile"),
    "ACCELERATE_USE_FSDP": ("false", "training.sharding"),
    "ACCELERATE_USE_DEEPSPEED": ("false", "training.sharding"),
}


def drop_accelerate_settings(environment: MutableMapping[str, str]) -> dict[str, str]:
    """Take out what belongs into a recipe.

    Returns:
        For each setting that meant something: the recipe's key.
    """
    dropped = {}
    for name, (neutral, key) in _ACCELERATE_SETTINGS.items():
        value = environment.pop(name, neutral)
        if value.lower() != neutral:
            dropped[f"{name}={value}"] = key
    return dropped

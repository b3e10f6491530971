"""`--num-processes` and related options: start the command again in several processes."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from t5tune.distributed.launch_environment import find_place
from t5tune.distributed.launcher import Launch, launch
from t5tune.distributed.worker import is_worker
from t5tune.errors import T5TuneError

NumProcesses = Annotated[
    str,
    typer.Option(metavar="N", help="Number of processes on this machine; auto means one per GPU."),
]
NumMachines = Annotated[
    int, typer.Option(min=1, help="Number of machines; run the command on each of them.")
]
MachineRank = Annotated[int, typer.Option(min=0, help="Rank of this machine, from 0.")]
MainProcess = Annotated[
    str | None,
    typer.Option(metavar="HOST:PORT", help="Address at which the other machines reach machine 0."),
]


def launch_if_asked(
    num_processes: str,
    num_machines: int = 1,
    machine_rank: int = 0,
    main_process: str | None = None,
) -> None:
    """Run this command in several processes and exit with their code, if that was asked for.

    Raises:
        T5TuneError: The options contradict each other.
    """
    if is_worker():
        return
    plan = Launch(_read_number(num_processes), num_machines, machine_rank, main_process)
    _check(plan)
    if plan.num_processes * plan.num_machines > 1:
        raise typer.Exit(launch(sys.argv[1:], plan))


def _read_number(text: str) -> int:
    check_number(text)
    if text == "auto":
        import torch

        return max(1, torch.cuda.device_count())
    return int(text)


def check_number(text: str) -> None:
    """Refuse what is not a number of processes.

    Raises:
        T5TuneError: The text is neither a positive number nor `auto`.
    """
    if text != "auto" and (not text.isdecimal() or int(text) == 0):
        raise T5TuneError(
            f"--num-processes {text} is neither a positive number nor auto.",
            next_command="--num-processes 2",
        )


def _check(plan: Launch) -> None:
    if plan.num_machines > 1 and plan.main_process is None:
        raise T5TuneError(
            "--num-machines is above 1, but the address of machine 0 is not given.",
            next_command="add --main-process HOST:PORT, the same on every machine",
        )
    if plan.machine_rank >= plan.num_machines:
        raise T5TuneError(
            f"--machine-rank {plan.machine_rank} is too high: the last of {plan.num_machines} "
            f"machines has rank {plan.num_machines - 1}.",
            next_command="count machines from 0",
        )
    is_under_torchrun = "RANK" in os.environ and find_place(os.environ).num_processes > 1
    if plan.num_processes * plan.num_machines > 1 and is_under_torchrun:
        raise T5TuneError(
            "--num-processes was given to a process that is already one of several, started by "
            "torchrun or accelerate launch.",
            next_command="the same command without --num-processes",
        )

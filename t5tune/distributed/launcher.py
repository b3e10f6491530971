"""The launcher, which starts the processes of one machine and ends them all when one fails.

It imports no torch, so that starting other processes costs little.
"""

from __future__ import annotations

import os
import signal
import socket
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from t5tune.console import say
from t5tune.distributed.failures import Failure, find_cause
from t5tune.distributed.launch_environment import threads_per_process
from t5tune.distributed.torch_import import bound_spinning
from t5tune.distributed.worker import LAUNCHER, Worker
from t5tune.errors import T5TuneError

PAUSE_SECONDS = 0.05
GRACE_SECONDS = 4.0  # time for the others to end by themselves after a failure
LEAVING_SECONDS = 30.0  # time for the others after the main process has succeeded


@dataclass(frozen=True)
class Launch:
    """Processes to start."""

    num_processes: int  # on this machine, and on each of the others
    num_machines: int = 1
    machine_rank: int = 0  # of this machine
    main_process: str | None = None  # HOST:PORT; None to choose it, for one machine

    def address(self) -> tuple[str, int]:
        """Return the host and port where the processes meet.

        Raises:
            T5TuneError: The given address is not a host and port.
        """
        if self.main_process is None:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                return "127.0.0.1", int(probe.getsockname()[1])
        host, _, port = self.main_process.rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 1 << 16:
            raise T5TuneError(
                f"--main-process {self.main_process} does not have the form HOST:PORT.",
                next_command="--main-process 10.0.0.1:29500",
            )
        return host, int(port)


def launch(arguments: Sequence[str], plan: Launch) -> int:
    """Run `t5tune ARGUMENTS` in several processes, of which only the main process prints.

    Returns:
        The exit code: 0; 1 if any process failed; 130 or 143 after a signal.

    Raises:
        T5TuneError: The address is not valid.
    """
    host, port = plan.address()
    bound_spinning()  # set once for all processes: each of them would count the others
    with tempfile.TemporaryDirectory(prefix="t5tune-") as directory, noting_signals() as signals:
        workers: list[Worker] = []
        try:
            for local_rank in range(plan.num_processes):
                place = _environment(plan, local_rank, host, port)
                workers.append(Worker(arguments, place, Path(directory)))
            return _watch(workers, signals, is_one_machine=plan.num_machines == 1)
        finally:
            for worker in workers:
                worker.kill()


def _environment(plan: Launch, local_rank: int, host: str, port: int) -> dict[str, str]:
    """Return torchrun's variables, which torch and Accelerate read."""
    rank = plan.machine_rank * plan.num_processes + local_rank
    own = {
        "RANK": rank,
        "WORLD_SIZE": plan.num_processes * plan.num_machines,
        "LOCAL_RANK": local_rank,
        "LOCAL_WORLD_SIZE": plan.num_processes,
        "GROUP_RANK": plan.machine_rank,
        "MASTER_ADDR": host,
        "MASTER_PORT": port,
        LAUNCHER: os.getpid(),
    }
    # Otherwise processes that share cores would wait for one another's threads.
    defaults = {"OMP_NUM_THREADS": str(threads_per_process(plan.num_processes))}
    return {**defaults, **os.environ, **{name: str(value) for name, value in own.items()}}


@contextmanager
def noting_signals() -> Iterator[list[signal.Signals]]:
    """Yield a list of the signals that ask the launcher to stop, which grows as they arrive."""
    received: list[signal.Signals] = []

    def note(number: int, _: object) -> None:
        received.append(signal.Signals(number))

    wanted = (signal.SIGINT, signal.SIGTERM)
    heard = [s for s in wanted if signal.getsignal(s) is not signal.SIG_IGN]  # which nohup sets
    previous = [signal.signal(one, note) for one in heard]
    try:
        yield received
    finally:
        for one, handler in zip(heard, previous, strict=True):
            signal.signal(one, handler)


def _watch(
    workers: Sequence[Worker], signals: Sequence[signal.Signals], *, is_one_machine: bool
) -> int:
    """Wait until all processes have ended, and return the exit code."""
    asked_to_stop = False
    deadline: float | None = None
    while any(worker.code is None for worker in workers):
        if signal.SIGINT in signals[1:]:  # Ctrl-C was pressed twice
            return 128 + signal.SIGINT
        if signals and not asked_to_stop:
            asked_to_stop = True
            for worker in workers:
                worker.terminate()
        if deadline is None:
            deadline = _deadline(workers)
        elif time.monotonic() > deadline:
            for worker in workers:
                worker.kill()
        time.sleep(PAUSE_SECONDS)
    failures = [worker.describe_failure() for worker in workers if worker.has_failed]
    if failures:
        cause = find_cause(failures)
        if not signals or not cause.is_consequence:
            _show(cause, workers, is_one_machine=is_one_machine)
            return 1
    if signals:
        return 128 + signals[0]
    stopped = [worker.code for worker in workers if worker.is_stopped]
    return 128 + signal.SIGTERM if stopped else 0


def _deadline(workers: Sequence[Worker]) -> float | None:
    """Return when the remaining processes are killed; None while no process has failed."""
    if any(worker.has_failed for worker in workers):
        return time.monotonic() + GRACE_SECONDS
    if any(worker.is_local_first and worker.code is not None for worker in workers):
        return time.monotonic() + LEAVING_SECONDS
    return None


def _show(cause: Failure, workers: Sequence[Worker], *, is_one_machine: bool) -> None:
    """Show the error of the process that failed first, without its consequences."""
    if cause.is_sentence and cause.rank == 0:
        say(cause.text)
        return
    say(f"the process of rank {cause.rank} failed, and the others were ended:\n{cause.text}")
    if cause.is_consequence and not is_one_machine:
        say("what happened is on stderr of another machine")
    for worker in workers:
        lines = worker.last_lines() if worker.rank == cause.rank else ""
        if lines:
            say(f"its last lines:\n{lines}")
    if not cause.is_sentence:
        say(
            "try: the same command without --restart; it continues from the last checkpoint, if "
            "there is one"
        )

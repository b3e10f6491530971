"""Starting the processes of one machine, and ending them all when one of them ends badly.

Imports no torch: what only starts others should cost nothing.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, Any

from t5tune.errors import T5TuneError
from t5tune.failures import FILE, Failure, find_cause, read_failure
from t5tune.progress import say

LAUNCHER = "T5TUNE_LAUNCHER"  # environment variable: the process that started this one

PAUSE_SECONDS = 0.05
GRACE_SECONDS = 4.0  # for the others to end by themselves once one has failed
LEAVING_SECONDS = 30.0  # for the others once the first one has ended well
TAIL_LINES = 20  # of what a process that failed has printed

_STOPPED = (128 + signal.SIGINT, 128 + signal.SIGTERM)
_PR_SET_PDEATHSIG = 1  # prctl(2)


@dataclass(frozen=True)
class Launch:
    """Which processes to start.

    Attributes:
        num_processes: On this machine.
        num_machines: All of which are given the same number of processes.
        machine_rank: This machine, from 0.
        main_process: HOST:PORT of the process of rank 0; chosen here for one machine.
    """

    num_processes: int
    num_machines: int = 1
    machine_rank: int = 0
    main_process: str | None = None

    def address(self) -> tuple[str, int]:
        """Where the processes meet.

        Raises:
            T5TuneError: It is no host and port.
        """
        if self.main_process is None:
            return "127.0.0.1", _find_free_port()
        host, _, port = self.main_process.rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 1 << 16:
            raise T5TuneError(
                f"--main-process {self.main_process}: not of the form HOST:PORT.",
                next_command="--main-process 10.0.0.1:29500",
            )
        return host, int(port)


def is_launched() -> bool:
    """Whether `launch` has started this process."""
    return LAUNCHER in os.environ


def launch(arguments: Sequence[str], plan: Launch) -> int:
    """Run `t5tune ARGUMENTS` in several processes, of which the first one prints.

    Args:
        arguments: Of the command line.
        plan: How many, and where they meet.

    Returns:
        The exit code: 0, 1 for a failure of any of them, 130 and 143 after a signal.

    Raises:
        T5TuneError: The address is none.
    """
    host, port = plan.address()
    with tempfile.TemporaryDirectory(prefix="t5tune-") as directory, _Signals() as signals:
        workers: list[_Worker] = []
        try:
            for local_rank in range(plan.num_processes):
                place = _environment(plan, local_rank, host, port)
                workers.append(_Worker(arguments, place, Path(directory)))
            return _watch(workers, signals, is_one_machine=plan.num_machines == 1)
        finally:
            for worker in workers:
                worker.kill()


def _environment(plan: Launch, local_rank: int, host: str, port: int) -> dict[str, str]:
    """torchrun's variables, which torch and Accelerate read."""
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
    # Processes that share cores would else wait for one another's threads.
    threads = max(1, _count_cores() // plan.num_processes)
    defaults = {
        "OMP_NUM_THREADS": str(threads),
        "TORCH_CPP_LOG_LEVEL": "ERROR",  # warnings about connections come before the reason
    }
    return {**defaults, **os.environ, **{name: str(value) for name, value in own.items()}}


def _count_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _Worker:
    """One of the processes. What all but the first print is kept for the case that they fail."""

    def __init__(
        self, arguments: Sequence[str], environment: dict[str, str], directory: Path
    ) -> None:
        self.rank = int(environment["RANK"])
        self.is_local_first = environment["LOCAL_RANK"] == "0"
        self._failure = directory / f"failure-{self.rank}.json"
        self._output = directory / f"output-{self.rank}.txt"
        self.ended: float | None = None
        self._was_killed = False
        stream: IO[Any] | None = None if self.rank == 0 else self._output.open("wb")
        with _ignoring_ctrl_c():  # which reaches the launcher, and from there all alike
            self._process = subprocess.Popen(
                [sys.executable, "-m", "t5tune", *arguments],
                env={**environment, FILE: str(self._failure)},
                stdin=None if self.rank == 0 else subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
            )
        if stream is not None:
            stream.close()

    @property
    def code(self) -> int | None:
        """The exit code once it has ended."""
        code = self._process.poll()
        if code is not None and self.ended is None:
            self.ended = time.time()
        return code

    @property
    def is_stopped(self) -> bool:
        """Whether it has ended because it was asked to."""
        return self.code in (*_STOPPED, -signal.SIGTERM)

    @property
    def has_failed(self) -> bool:
        return self.code not in (None, 0) and not self.is_stopped and not self._was_killed

    def terminate(self) -> None:
        if self.code is None:
            self._process.terminate()

    def kill(self) -> None:
        """End it at once, and see it gone."""
        if self.code is None:
            self._was_killed = True
            self._process.kill()
            self._process.wait()

    def describe_failure(self) -> Failure:
        """What it has left, or what its end says."""
        assert self.ended is not None
        code = self._process.returncode
        left = read_failure(self._failure)
        if left is not None and code >= 0:
            return left
        if code < 0:
            name = signal.Signals(-code).name
            reason = "; the system does that when memory is short" if name == "SIGKILL" else ""
            text = f"process {self._process.pid} was ended by {name}{reason}"
        else:
            text = f"process {self._process.pid} ended with exit code {code}"
        return Failure(self.rank, text, self.ended)

    def last_lines(self) -> str:
        """The end of what it has printed, if that was kept."""
        if not self._output.is_file():
            return ""
        text = self._output.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.rstrip().split("\n")[-TAIL_LINES:])


class _Signals:
    """Counts the signals that ask to stop, while it is entered."""

    def __init__(self) -> None:
        self.received: list[signal.Signals] = []
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> _Signals:
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup sets it
                self._previous[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _note(self, number: int, _: FrameType | None) -> None:
        self.received.append(signal.Signals(number))

    @property
    def first(self) -> signal.Signals | None:
        return self.received[0] if self.received else None

    @property
    def leave_at_once(self) -> bool:
        """A second Ctrl-C has come."""
        return signal.SIGINT in self.received[1:]


@contextlib.contextmanager
def _ignoring_ctrl_c() -> Iterator[None]:
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


def _watch(workers: Sequence[_Worker], signals: _Signals, *, is_one_machine: bool) -> int:
    """Until all have ended; returns the exit code."""
    asked_to_stop = False
    deadline: float | None = None
    while any(worker.code is None for worker in workers):
        if signals.leave_at_once:
            return 128 + signal.SIGINT
        if signals.first is not None and not asked_to_stop:
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
        if signals.first is None or not cause.is_consequence:
            _show(cause, workers, is_one_machine=is_one_machine)
            return 1
    if signals.first is not None:
        return 128 + signals.first
    stopped = [worker.code for worker in workers if worker.is_stopped]
    return 128 + signal.SIGTERM if stopped else 0


def _deadline(workers: Sequence[_Worker]) -> float | None:
    """When those that are left are killed; None as long as all is well."""
    if any(worker.has_failed for worker in workers):
        return time.monotonic() + GRACE_SECONDS
    if any(worker.is_local_first and worker.code is not None for worker in workers):
        return time.monotonic() + LEAVING_SECONDS
    return None


def _show(cause: Failure, workers: Sequence[_Worker], *, is_one_machine: bool) -> None:
    """The error of the process that failed first, and nothing of what followed from it."""
    if cause.is_sentence and cause.rank == 0:
        say(cause.text)
        return
    say(f"the process of rank {cause.rank} failed, and all others were ended:\n{cause.text}")
    if cause.is_consequence and not is_one_machine:
        say("what happened is on stderr of another machine")
    for worker in workers:
        lines = worker.last_lines() if worker.rank == cause.rank else ""
        if lines:
            say(f"its last lines:\n{lines}")
    if not cause.is_sentence:
        say("try: the same command; it continues from the last checkpoint, if there is one")


def follow_launcher(leave: Callable[[], None] = lambda: os._exit(1)) -> None:
    """Let this process, which a launcher has started, not outlive it.

    Args:
        leave: Ends this process, where the system does not do it.
    """
    launcher = int(os.environ[LAUNCHER])
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != launcher:  # it was gone before
        leave()

    def watch() -> None:
        while os.getppid() == launcher:
            time.sleep(1.0)
        leave()

    if not sys.platform.startswith("linux"):
        threading.Thread(target=watch, daemon=True).start()

"""A process that the launcher has started: its start, its end, and its view of the launcher."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from t5tune.distributed.failures import FILE, Failure, read_failure

LAUNCHER = "T5TUNE_LAUNCHER"  # environment variable: id of the process that started this one

TAIL_LINES = 20  # number of last lines to show of what a failed process has printed

STOPPED = (128 + signal.SIGINT, 128 + signal.SIGTERM)
_PR_SET_PDEATHSIG = 1  # prctl(2)


class Worker:
    """One of the processes. Output of all but the main process is kept in case they fail."""

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
        with ignoring_ctrl_c():  # signals reach the launcher, which passes them on to all alike
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
        """Exit code; None until the process has ended."""
        code = self._process.poll()
        if code is not None and self.ended is None:
            self.ended = time.time()
        return code

    @property
    def is_stopped(self) -> bool:
        """Whether the process has ended because it was asked to."""
        return self.code in (*STOPPED, -signal.SIGTERM)

    @property
    def has_failed(self) -> bool:
        return self.code not in (None, 0) and not self.is_stopped and not self._was_killed

    def terminate(self) -> None:
        if self.code is None:
            self._process.terminate()

    def kill(self) -> None:
        """Kill the process and wait until it is gone."""
        if self.code is None:
            self._was_killed = True
            self._process.kill()
            self._process.wait()

    def describe_failure(self) -> Failure:
        """Return the failure that the process has recorded, or what its exit code tells."""
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
        """Return the last lines of the kept output, if there is any."""
        if not self._output.is_file():
            return ""
        text = self._output.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.rstrip().split("\n")[-TAIL_LINES:])


@contextlib.contextmanager
def ignoring_ctrl_c() -> Iterator[None]:
    """Let processes that are started in the block ignore Ctrl-C, which reaches all of a terminal.

    This one passes it on as it sees fit.
    """
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


def has_launcher() -> bool:
    """Return whether a launcher or a sweep of ours has started this process, and is to end it."""
    return LAUNCHER in os.environ


def is_worker() -> bool:
    """Return whether our own launcher has started this process as one of several."""
    return has_launcher() and "RANK" in os.environ


def end_with_parent(parent: int) -> None:
    """End this process if its parent has ended already, and on Linux when it ends later."""
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def follow_launcher() -> None:
    """End this process, which a launcher has started, when its launcher ends."""
    launcher = int(os.environ[LAUNCHER])
    end_with_parent(launcher)

    def watch() -> None:
        while os.getppid() == launcher:
            time.sleep(1.0)
        os._exit(1)

    if not sys.platform.startswith("linux"):
        threading.Thread(target=watch, daemon=True).start()

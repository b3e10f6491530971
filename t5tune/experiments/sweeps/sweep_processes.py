"""The trainings of a sweep as processes, one after another or side by side."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from t5tune.console import say, track
from t5tune.distributed.launch_environment import threads_per_process
from t5tune.distributed.launcher import PAUSE_SECONDS, noting_signals
from t5tune.distributed.torch_import import bound_spinning
from t5tune.distributed.worker import LAUNCHER, STOPPED, ignoring_ctrl_c
from t5tune.experiments.sweeps.sweep_plan import Training

OUTPUT = "output"  # directory of what the trainings print
_ERROR = re.compile(r"^error: (.*?)(?:^try: |\Z)", re.MULTILINE | re.DOTALL)
_DEVICES = "CUDA_VISIBLE_DEVICES"


@dataclass(frozen=True)
class Ended:
    """How a training has ended.

    Attributes:
        failure: Why it failed; None if it did not.
        was_stopped: Whether a signal ended it, after a checkpoint.
    """

    training: Training
    failure: str | None = None
    was_stopped: bool = False


class TrainingProcess:
    """A training as the process of `t5tune train`, which ends with this one."""

    def __init__(
        self, training: Training, command: Sequence[str], output: Path, environment: dict[str, str]
    ) -> None:
        self.training = training
        self._output = output
        output.parent.mkdir(parents=True, exist_ok=True)
        with output.open("wb") as stream, ignoring_ctrl_c():
            self._process = subprocess.Popen(
                [sys.executable, "-m", *command],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
            )

    def look(self) -> Ended | None:
        """Return how the training has ended; None while it runs."""
        code = self._process.poll()
        if code is None:
            return None
        if code in (*STOPPED, -signal.SIGTERM):
            return Ended(self.training, was_stopped=True)
        return Ended(self.training, self._describe_failure(code) if code else None)

    def terminate(self) -> None:
        """Ask the training to save a checkpoint and to end."""
        self._process.terminate()

    def kill(self) -> None:
        """End the training at once, if it runs."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def _describe_failure(self, code: int) -> str:
        text = self._output.read_text(encoding="utf-8", errors="replace")
        if found := _ERROR.search(text):
            return found[1].strip()
        if code < 0:
            memory = "; the system does that when memory is short" if code == -9 else ""
            return f"the process was ended by {signal.Signals(-code).name}{memory}"
        lines = text.rstrip().split("\n")
        return lines[-1] or f"the process ended with exit code {code}"


def run_trainings(
    trainings: Sequence[Training],
    build_command: Callable[[Training], Sequence[str]],
    directory: Path,
    *,
    num_jobs: int,
    num_processes: str = "1",
    num_done: int = 0,
) -> tuple[list[Ended], signal.Signals | None]:
    """Run trainings, each in a process of its own; a failed one does not end the others.

    Ctrl-C and SIGTERM let the running ones save a checkpoint; a second Ctrl-C ends them at once.

    Args:
        trainings: What to train, in this order.
        build_command: Function from a training to a module and its arguments.
        directory: Directory of the sweep.
        num_jobs: Number of trainings at the same time, which share the cores and the GPUs.
        num_processes: Number of processes of each training, or `auto` for one on each of its GPUs.
        num_done: Number of trainings of the sweep that were finished before.

    Returns:
        The end of each training that began, and the signal that stopped the sweep early.
    """
    bound_spinning()  # once for all: each of them would count the others
    total = num_done + len(trainings)
    with noting_signals() as signals, track("sweep", total, "trainings", done=num_done) as advance:
        jobs = _Jobs(trainings, build_command, directory, num_jobs, num_processes)
        try:
            while jobs.are_left:
                if signals:
                    jobs.stop(at_once=signal.SIGINT in signals[1:])
                jobs.start_waiting()
                for end in jobs.collect_ended():
                    if not end.was_stopped:
                        advance(1)
                    _say_end(end)
                time.sleep(PAUSE_SECONDS)
        finally:
            jobs.stop(at_once=True)
        return jobs.ended, signals[0] if signals else None


class _Jobs:
    """Trainings that wait, that run in one of several places, and that have ended."""

    def __init__(
        self,
        trainings: Sequence[Training],
        build_command: Callable[[Training], Sequence[str]],
        directory: Path,
        num_places: int,
        num_processes: str,
    ) -> None:
        self.ended: list[Ended] = []
        self._waiting = deque(trainings)
        self._running: dict[int, TrainingProcess] = {}  # by place
        self._build_command = build_command
        self._directory = directory
        self._num_places = num_places
        self._num_processes = num_processes
        self._is_stopping = False

    @property
    def are_left(self) -> bool:
        """Whether anything waits or runs."""
        return bool(self._waiting or self._running)

    def start_waiting(self) -> None:
        """Start what waits where there is a place for it."""
        for place in range(self._num_places):
            if self._waiting and place not in self._running:
                training = self._waiting.popleft()
                output = self._directory / OUTPUT / f"{training.run.path.name}.txt"
                environment = divide_machine(
                    os.environ, place, self._num_places, self._num_processes
                )
                self._running[place] = TrainingProcess(
                    training, self._build_command(training), output, environment
                )
                say(f"{training.name}: t5tune runs watch {shlex.quote(str(training.run.path))}")

    def collect_ended(self) -> list[Ended]:
        """Return those that have ended since the last call."""
        looked = {place: process.look() for place, process in self._running.items()}
        ended = {place: end for place, end in looked.items() if end is not None}
        for place in ended:
            del self._running[place]
        self.ended += ended.values()
        return list(ended.values())

    def stop(self, *, at_once: bool) -> None:
        """Start nothing more, and ask what runs to save a checkpoint and end, or end it."""
        self._waiting.clear()
        for process in self._running.values():
            if at_once:
                process.kill()
            elif not self._is_stopping:
                process.terminate()
        self._is_stopping = True


def _say_end(end: Ended) -> None:
    if end.failure is not None:
        say(f"{end.training.name}: failed: {end.failure}")
    elif end.was_stopped:
        say(f"{end.training.name}: stopped, with a checkpoint")
    else:
        say(f"{end.training.name}: finished")


def divide_machine(
    environment: Mapping[str, str], place: int, num_jobs: int, num_processes: str = "1"
) -> dict[str, str]:
    """Return the environment of one of several trainings: its share of the cores, and its GPUs.

    What the user has set stays.

    Args:
        environment: Environment of this process.
        place: Number of the training, from 0, among those that run at the same time.
        num_jobs: Their number.
        num_processes: Number of processes of each, or `auto` for an equal share of the GPUs.
    """
    own = {**environment, LAUNCHER: str(os.getpid())}
    if num_jobs > 1:
        devices = _list_devices(environment)
        share = max(1, len(devices) // num_jobs) if num_processes == "auto" else int(num_processes)
        own.setdefault("OMP_NUM_THREADS", str(threads_per_process(num_jobs * share)))
        if devices:
            numbers = range(place * share, place * share + min(share, len(devices)))
            own[_DEVICES] = ",".join(devices[number % len(devices)] for number in numbers)
    return own


def _list_devices(environment: Mapping[str, str]) -> list[str]:
    """Return the GPUs that this process may use, without a model library."""
    if _DEVICES in environment:
        return [name for name in environment[_DEVICES].split(",") if name.strip()]
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    listed = subprocess.run([program, "-L"], capture_output=True, text=True, check=False)
    return [str(number) for number, _ in enumerate(re.findall(r"^GPU \d+", listed.stdout, re.M))]

"""Run commands in forks of a process that has imported everything, which start in milliseconds.

Importing torch and transformers costs a command five seconds of a core. `Fork` is a
`subprocess.Popen` whose process is a fork of a server (`fork_server.py`), which has imported them
and has computed nothing, for torch's threads do not survive a fork. It is a child of the test, with
pipes, environment, directory, session, signals and an exit code of its own, and it leaves as an
interpreter does. A command whose environment has a variable that libraries read when they are
imported starts a new interpreter, and so does everything where there is no Linux.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import functools
import importlib.metadata
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer.main

_REPOSITORY = Path(__file__).resolve().parent.parent

# Variables that are read when an interpreter starts or a library is imported.
_READ_EARLY = (
    "ACCELERATE_", "CUDA_", "HF_", "HUGGING", "LANG", "LC_", "LD_", "MKL_", "OMP_", "PYTHON",
    "SSL_", "TORCH", "TRANSFORMERS_",
)  # fmt: skip
# Launchers set these for the processes they start, and they are read when training begins.
_READ_LATE = ("ACCELERATE_DYNAMO_", "ACCELERATE_MIXED_", "TORCHELASTIC_", "TORCH_NCCL_")
# The server has these, and multi-process commands set them themselves.
_QUIET = {"TORCH_CPP_LOG_LEVEL": "ERROR", "GOMP_SPINCOUNT": "1000"}
_HEEDED = {*_QUIET, "PYTHONPATH"}
# The latter two are `torchrun` and `accelerate`.
_MODULES = ("t5tune", "tests.", "torch.distributed.run", "accelerate.commands.accelerate_cli")
_PR_SET_CHILD_SUBREAPER = 36  # prctl(2)


class Fork(subprocess.Popen[Any]):
    """Act as `subprocess.Popen`, but fork for `python -m t5tune ...` and `python -m tests....`."""

    def _execute_child(self, *arguments: Any) -> None:
        """Start the process; the pipes exist. The arguments are those of Python 3.10 to 3.14."""
        command, preexec, cwd, env = arguments[0], arguments[2], arguments[5], arguments[6]
        environment = dict(os.environ if env is None else env)
        if not _can_fork(command, environment):
            super()._execute_child(*arguments)  # type: ignore[misc]
            return
        pipes = arguments[10:16]
        streams = [own if own != -1 else i for i, own in enumerate((pipes[0], pipes[3], pipes[5]))]
        # The shell has background jobs ignore SIGINT, and so do the tests' own children unless
        # they change that before they start.
        takes_ctrl_c = preexec is not None or signal.getsignal(signal.SIGINT) != signal.SIG_IGN
        request = {
            "arguments": [os.fspath(argument) for argument in command[command.index("-m") + 1 :]],
            "environment": environment,
            "directory": os.fspath(cwd or Path.cwd()),
            "has_own_session": bool(arguments[21]),
            "takes_ctrl_c": takes_ctrl_c,
        }
        self.pid = _State.fork(request, streams)
        self._child_created = True
        self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]


def run(
    command: Sequence[Any],
    *,
    input: str | bytes | None = None,
    timeout: float = 240,
    check: bool = False,
    **options: Any,
) -> subprocess.CompletedProcess[Any]:
    """Do what `subprocess.run` does with captured output, in a fork."""
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    if input is not None:
        pipes["stdin"] = subprocess.PIPE
    with Fork(command, **pipes | options) as process:
        try:
            out, err = process.communicate(input, timeout)
        except BaseException:
            process.kill()
            raise
    assert process.returncode == 0 or not check, err
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def run_ranks(num: int, module: str, *arguments: str | Path, timeout: float = 120) -> None:
    """Run a module in several forks with torchrun's variables, and require that all succeed."""
    with contextlib.ExitStack() as stack:
        port = stack.enter_context(socket.socket())
        port.bind(("127.0.0.1", 0))
        address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port.getsockname()[1])}
        port.close()
        ranks = []
        for rank in map(str, range(num)):
            place = {"RANK": rank, "LOCAL_RANK": rank, "GROUP_RANK": "0"}
            sizes = {"WORLD_SIZE": str(num), "LOCAL_WORLD_SIZE": str(num)}
            output = stack.enter_context(tempfile.TemporaryFile("w+"))
            process = Fork(
                [sys.executable, "-m", module, *map(str, arguments)], stdout=output, stderr=output,
                cwd=_REPOSITORY, env={**os.environ, **address, **sizes, **place},
            )  # fmt: skip
            stack.callback(process.kill)
            ranks.append((process, output))
        for process, output in ranks:
            failed = process.wait(timeout)
            output.seek(0)
            assert not failed, output.read()[-6000:]


def remember_what_stays() -> None:
    """Let commands of one process find only once what would be the same each time.

    That is the options of every command in its annotations, and the versions of libraries.
    """
    typer.main.get_command = functools.cache(typer.main.get_command)
    importlib.metadata.version = functools.cache(importlib.metadata.version)


def read_early(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that have been read already when a fork starts."""
    return {
        name: value
        for name, value in environment.items()
        if name.startswith(_READ_EARLY) and not name.startswith(_READ_LATE) and name not in _HEEDED
    }


def _can_fork(command: Any, environment: Mapping[str, str]) -> bool:
    if not sys.platform.startswith("linux") or isinstance(command, str):
        return False
    interpreter, *options = command[: command.index("-m")] if "-m" in command else [None]
    module = command[command.index("-m") + 1] if interpreter == sys.executable else ""
    is_ours = options in ([], ["-u"]) and module.startswith(_MODULES)
    if is_ours and _State.early is None:
        _start_server()
    return is_ours and _State.early == read_early(environment)


class _State:
    """Hold this process's fork server, and the variables that its forks have read early."""

    early: dict[str, str] | None = None
    fork: Callable[[dict[str, Any], list[int]], int]


def _start_server() -> None:
    """Start the server, which ends with this process, and adopt the orphans of its forks."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    ours, its = socket.socketpair()
    subprocess.Popen(
        [sys.executable, "-m", "tests.fork_server", str(its.fileno())],
        cwd=_REPOSITORY,
        env={**os.environ, **_QUIET},
        pass_fds=[its.fileno()],
    )
    its.close()

    def fork(request: dict[str, Any], streams: list[int]) -> int:
        """Ask the server for a fork, which becomes this process's child once its parent is gone."""
        content = json.dumps(request).encode()
        descriptors = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", streams))]
        ours.sendmsg([len(content).to_bytes(4, "big")], descriptors)
        ours.sendall(content)
        return int.from_bytes(ours.recv(4), "big")

    _State.early = read_early(os.environ)
    _State.fork = staticmethod(fork)  # type: ignore[assignment]


def fork_from_here(become: Callable[[dict[str, Any], list[int]], None]) -> None:
    """Let this process, itself a fork, fork what it starts, as the launcher does."""

    def fork(request: dict[str, Any], streams: list[int]) -> int:
        pid = os.fork()
        if pid == 0:
            become(request, streams)
        return pid

    _State.early = read_early(os.environ)
    _State.fork = staticmethod(fork)  # type: ignore[assignment]

"""Run commands in forks of a process that has imported everything, which start in milliseconds.

The process that forks must not have computed anything: torch's threads do not survive a fork.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import t5tune.training.session  # noqa: F401 (imported so that the forks need not)
from t5tune.cli.app import main
from tests.conftest import listen_to_ctrl_c


def start(action: Callable[[], None], folder: Path) -> int:
    """Run something in a fork, in a folder, with output to `err.txt`; return its process."""
    folder.mkdir(parents=True, exist_ok=True)
    process = os.fork()
    if process:
        return process
    listen_to_ctrl_c()
    os.chdir(folder)
    output = os.open("err.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    code = 70  # the exit code after an exception
    try:
        action()
        code = 0
    except SystemExit as exit_:
        code = int(exit_.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def wait(process: int) -> int:
    """Wait for a process, and return its exit code, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def t5tune_command(*arguments: str | Path) -> Callable[[], None]:
    """Return `t5tune ARGUMENTS` as a function to run in a fork."""

    def run() -> None:
        sys.argv = ["t5tune", *map(str, arguments)]
        main()

    return run

"""A function that is called in a Python of its own.

It is not forked: a fork of a process with threads (torch's, numpy's) may hang. Nor is it spawned by
multiprocessing: that would run the user's script once more, unless the script has an
`if __name__ == "__main__":`, and files of the working directory that are named like modules.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

Result = TypeVar("Result")

# It has the same path as this process before it imports anything.
_PROGRAM = f"import sys; sys.path[:] = sys.argv[1:]; from {__name__} import answer; answer()"


class FreshProcess(Generic[Result]):
    """A process that calls a function, and ends with the context.

    Args:
        function: Function without arguments, which can be pickled with what belongs to it. If the
            process dies, it is called in this one.
    """

    def __init__(self, function: Callable[[], Result]) -> None:
        self._function = function
        request = pickle.dumps(function)
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._answer = b""
        # Pipes hold less than texts of a test set, and the process takes a while to begin.
        self._exchange = threading.Thread(target=self._communicate, args=(request,), daemon=True)
        self._exchange.start()

    def __enter__(self) -> FreshProcess[Result]:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._exchange.join()

    def _communicate(self, request: bytes) -> None:
        self._answer, _ = self._process.communicate(request)

    def wait(self) -> Result:
        """Return the result of the function."""
        self._exchange.join()
        if self._process.returncode or not self._answer:
            return self._function()
        result: Result = pickle.loads(self._answer)
        return result


def answer() -> None:
    """Call the function that stdin has, and write its result to what was stdout."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C reaches all of them; no traceback
    output = os.dup(1)
    os.dup2(2, 1)  # for what others print
    try:
        function = pickle.load(sys.stdin.buffer)
    except (EOFError, pickle.UnpicklingError):
        return  # the parent is gone
    with suppress(BrokenPipeError), os.fdopen(output, "wb") as stream:
        pickle.dump(function(), stream)

"""Exit on signals, from the start of the command."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from t5tune.distributed.processes import is_main_process

SHOW_CURSOR = "\x1b[?25h"  # a live display hides it


@contextmanager
def leaving_on_signals() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the process with 130 and 143 while the block runs.

    The process exits at once, without an exception, which libraries would swallow while they are
    imported. Nothing is lost, since every file is moved into place when it is complete. Training
    handles the signals itself.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [
        number
        for number in (signal.SIGINT, signal.SIGTERM)
        if signal.getsignal(number) is not signal.SIG_IGN  # as nohup sets it
    ]
    previous = {number: signal.signal(number, _leave) for number in numbers}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _leave(number: int, _: FrameType | None) -> None:
    with suppress(Exception):  # such as a stream in the middle of a write
        sys.stdout.flush()
    if not is_main_process():
        os._exit(128 + number)
    with suppress(Exception):
        os.write(2, f"{SHOW_CURSOR if sys.stderr.isatty() else ''}\nstopped\n".encode())
    os._exit(128 + number)

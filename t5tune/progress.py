"""What is said on stderr while something runs: live on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

SILENT_SECONDS = 2.0  # what is done sooner needs no progress
LINE_SECONDS = 10.0  # between plain lines


_silent = False


def silence() -> None:
    """Say nothing from here on: of several processes one speaks."""
    global _silent
    _silent = True


def stderr_console() -> Console:
    """A console on stderr; made anew so that a redirected stderr is respected."""
    return Console(stderr=True, highlight=False, soft_wrap=True, quiet=_silent)


def say(text: str) -> None:
    """One plain line on stderr."""
    if not _silent:
        print(text, file=sys.stderr, flush=True)


@contextmanager
def track(description: str, total: int, unit: str) -> Iterator[Callable[[int], None]]:
    """Show the progress of a loop.

    Args:
        description: What is being done, as in "translating test".
        total: Number of items.
        unit: Their name in the plural.

    Yields:
        A function to call with the number of items done since its last call.
    """
    console = stderr_console()
    if console.is_terminal:
        with _bar(console) as progress:
            task = progress.add_task(description, total=total, unit=unit)
            yield lambda num: progress.advance(task, num)
        return
    lines = _Lines(description, total, unit)
    yield lines.advance
    lines.finish()


def _bar(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )


class _Lines:
    """Progress as lines, none for what is done at once."""

    def __init__(self, description: str, total: int, unit: str) -> None:
        self.description = description
        self.total = total
        self.unit = unit
        self.done = 0
        self.start = self.last = time.monotonic()

    def advance(self, num: int) -> None:
        self.done += num
        now = time.monotonic()
        is_first = self.last == self.start
        if now - self.last >= (SILENT_SECONDS if is_first else LINE_SECONDS):
            self.last = now
            self._say(now)

    def finish(self) -> None:
        if self.last > self.start:
            self._say(time.monotonic())

    def _say(self, now: float) -> None:
        seconds = now - self.start
        say(f"{self.description}: {self.done:,}/{self.total:,} {self.unit}, {seconds:.0f} s")


def format_seconds(seconds: float) -> str:
    """A duration as 0:42 or 1:02:03."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"

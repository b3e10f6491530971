"""Messages and progress on stderr: live on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from rich.console import Console

from t5tune.errors import visible
from t5tune.terminal_line import Field, live_line

SILENT_SECONDS = 2.0  # a shorter task shows no progress
LINE_SECONDS = 10.0  # between plain lines

_silent = False


def silence() -> None:
    """Print nothing from now on: only the main process prints."""
    global _silent
    _silent = True


def stderr_console() -> Console:
    """Return a console on stderr; a new one each time, so that a redirected stderr is respected."""
    return Console(stderr=True, highlight=False, soft_wrap=True, quiet=_silent)


def say(text: str) -> None:
    """Print lines on stderr, with control characters spelled out."""
    if not _silent and sys.stderr is not None:  # closed; `print` would take stdout instead
        print(visible(text), file=sys.stderr, flush=True)


@contextmanager
def track(
    description: str,
    total: int | None = None,
    unit: str = "",
    *,
    done: int = 0,
    with_rate: bool = False,
    is_silent: bool = False,
) -> Iterator[Callable[[int], None]]:
    """Show the progress of something that may take more than two seconds.

    Args:
        description: Name of the work, such as "translating test".
        total: Number of items; None if it is not known.
        unit: Plural name of the items; empty where nothing is counted.
        done: Number of items that are already done.
        with_rate: Whether to show items per second too.
        is_silent: Whether to show nothing, because something else shows the progress.

    Yields:
        A function to call with the number of items done since its last call; 0 means that
        preparations are over and the work begins.
    """
    if is_silent or _silent:
        yield lambda _: None
        return
    task = _Task(visible(description, one_line=True), total, unit, done, with_rate)
    console = stderr_console()
    if console.is_interactive:  # a terminal, and not a dumb one
        with live_line(task, console):
            yield task.advance
        return
    with _Lines(task):
        yield task.advance


class _Task:
    """A task that is done item by item, or at once."""

    bar_priority = 3

    def __init__(
        self, description: str, total: int | None, unit: str, done: int, with_rate: bool
    ) -> None:
        self.description = description
        self.total = total
        self.unit = unit
        self.done = done
        self.with_rate = with_rate
        self.started = time.monotonic()
        self.first: tuple[float, int] | None = None  # time and items when something was done

    def advance(self, num: int) -> None:
        self.done += num
        now = time.monotonic()
        if num == 0:
            self.started = now
        if num == 0 or self.first is None:
            self.first = (now, self.done)

    def fields(self) -> list[Field]:
        """See `Activity.fields`."""
        now = time.monotonic()
        rate = self.rate(now)
        left = self.left(rate)
        return [
            Field(self.description, 0),
            Field(self.count(), 1),
            Field(f"{_format_rate(rate)}/s" if rate and self.with_rate else "", 4),
            Field(f"{left} left" if left else format_seconds(now - self.started), 2),
        ]

    def share(self) -> float | None:
        """See `Activity.share`."""
        return None if not self.total else self.done / self.total

    def count(self) -> str:
        """Return the number of completed items and the total."""
        of = "" if self.total is None else f"/{self.total:,}"
        return f"{self.done:,}{of} {self.unit}" if self.unit else ""

    def rate(self, now: float) -> float | None:
        """Return the number of items per second."""
        if self.first is None or now <= self.first[0] or self.done == self.first[1]:
            return None
        return (self.done - self.first[1]) / (now - self.first[0])

    def left(self, rate: float | None) -> str:
        """Return the remaining time at this rate."""
        if self.total is None or self.done >= self.total or not rate:
            return ""
        return format_seconds((self.total - self.done) / rate)

    def describe(self) -> str:
        """Return a plain line."""
        now = time.monotonic()
        seconds = f"{now - self.started:.0f} s"
        count = self.count()
        text = f"{self.description}: {count + ', ' if count else ''}{seconds}"
        if not self.with_rate or not (rate := self.rate(now)):
            return text
        text += f", {_format_rate(rate)} {self.unit}/s"
        left = self.left(rate)
        return f"{text}, {left} left" if left else text


class _Lines:
    """Plain lines about a task from time to time; none about a short one.

    A thread prints them, so that a task that never counts is reported too. Of nested tasks
    only the innermost is reported, because it takes the time.
    """

    _running: list[_Lines] = []  # noqa: RUF012 (of all of them)

    def __init__(self, task: _Task) -> None:
        self._task = task
        self._ended = threading.Event()
        self._has_spoken = False
        self._thread = threading.Thread(target=self._speak, name="progress", daemon=True)

    def __enter__(self) -> None:
        self._running.append(self)
        with suppress(RuntimeError):  # no memory for its stack: nothing is reported
            self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        self._running.remove(self)
        if self._has_spoken:
            say(self._task.describe())

    def _speak(self) -> None:
        last = 0.0
        while True:
            started = self._task.started  # moves on once the preparations are over
            due = started + SILENT_SECONDS if last < started else last + LINE_SECONDS
            if self._ended.wait(max(due - time.monotonic(), 0.01)):
                return
            if self._task.started > started or time.monotonic() < due:
                continue
            last = time.monotonic()
            if self._running[-1] is self:
                self._has_spoken = True
                say(self._task.describe())


def _format_rate(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"


def format_seconds(seconds: float) -> str:
    """Return a duration as 0:42 or 1:02:03."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def format_bytes(num_bytes: int) -> str:
    """Format bytes as in 1.2 GB, in powers of 1000 as disks are sold."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if num_bytes >= size:
            return f"{num_bytes / size:.1f} {unit}"
    return f"{num_bytes} bytes"

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
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

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
def track(
    description: str,
    total: int | None,
    unit: str,
    *,
    done: int = 0,
    with_rate: bool = False,
    is_silent: bool = False,
) -> Iterator[Callable[[int], None]]:
    """Show the progress of a loop.

    Args:
        description: What is being done, as in "translating test".
        total: Number of items; None if nobody knows.
        unit: Their name in the plural.
        done: Items that were done before.
        with_rate: Show items per second too.
        is_silent: Show nothing: something else shows how far it is.

    Yields:
        A function to call with the number of items done since its last call; 0 says that it
        begins now, after whatever had to be made ready.
    """
    console = stderr_console()
    if is_silent:
        yield lambda _: None
        return
    if console.is_terminal:
        with _bar(console, with_rate=with_rate) as progress:
            task = progress.add_task(description, total=total, unit=unit, completed=done)
            yield lambda num: progress.advance(task, num)
        return
    lines = _Lines(description, total, unit, done, with_rate)
    yield lines.advance
    lines.finish()


def _bar(console: Console, *, with_rate: bool) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}"),
        *([_RateColumn()] if with_rate else []),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )


class _RateColumn(ProgressColumn):
    """Items per second of late."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(
            "" if speed is None else f"{_format_rate(speed)}/s", style="progress.data.speed"
        )


def _format_rate(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"


class _Lines:
    """Progress as lines, none for what is done at once."""

    def __init__(
        self, description: str, total: int | None, unit: str, done: int, with_rate: bool
    ) -> None:
        self.description = description
        self.total = total
        self.unit = unit
        self.done = done
        self.with_rate = with_rate
        self.start = self.last = time.monotonic()
        self.first: tuple[float, int] | None = None  # time and items when something was done

    def advance(self, num: int) -> None:
        self.done += num
        now = time.monotonic()
        if num == 0:
            self.start = self.last = now
        if num == 0 or self.first is None:
            self.first = (now, self.done)
        is_first = self.last == self.start
        if now - self.last >= (SILENT_SECONDS if is_first else LINE_SECONDS):
            self.last = now
            self._say(now)

    def finish(self) -> None:
        if self.last > self.start:
            self._say(time.monotonic())

    def _say(self, now: float) -> None:
        of = "" if self.total is None else f"/{self.total:,}"
        text = f"{self.description}: {self.done:,}{of} {self.unit}, {now - self.start:.0f} s"
        say(text + (self._rate(now) if self.with_rate else ""))

    def _rate(self, now: float) -> str:
        if self.first is None or now <= self.first[0] or self.done == self.first[1]:
            return ""
        rate = (self.done - self.first[1]) / (now - self.first[0])
        text = f", {_format_rate(rate)} {self.unit}/s"
        if self.total is None or self.done >= self.total:
            return text
        return f"{text}, {format_seconds((self.total - self.done) / rate)} left"


def format_seconds(seconds: float) -> str:
    """A duration as 0:42 or 1:02:03."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"

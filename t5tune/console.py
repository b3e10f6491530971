"""Messages and progress on stderr: live on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple, Protocol

from rich.console import Console, ConsoleOptions, ConsoleRenderable, Group, RenderResult
from rich.control import Control
from rich.live import Live
from rich.segment import ControlCode, ControlType
from rich.text import Text

from t5tune.errors import visible

SILENT_SECONDS = 2.0  # a shorter task shows no progress
LINE_SECONDS = 10.0  # between plain lines
SHOWN_AFTER_SECONDS = 1.0  # on a terminal, where it is erased
_WIDEST_BAR = 30
_NARROWEST_BAR = 8


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


class Field(NamedTuple):
    """A part of a line of progress.

    Attributes:
        text: Text, which is never cut.
        priority: Where a line is too long, the fields with the highest numbers are left out.
        style: Style of the text, as Rich names it.
    """

    text: str
    priority: int
    style: str = ""


class Activity(Protocol):
    """A task that takes a while.

    Attributes:
        bar_priority: Priority of the bar, like that of a field.
        started: Start time on the monotonic clock.
    """

    bar_priority: int
    started: float

    def fields(self) -> Sequence[Field]:
        """Return the fields to show, in order; the bar follows the first one."""
        ...

    def share(self) -> float | None:
        """Return the completed share, from 0 to 1; None if unknown."""
        ...


class StatusLine:
    """An activity on one line of a terminal, however narrow that is."""

    def __init__(self, activity: Activity) -> None:
        self.activity = activity
        self.width = 0  # at the last drawing, in cells

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = options.max_width - 1  # a full line would move the cursor to the next one
        share = self.activity.share()
        bar_priority = self.activity.bar_priority
        fields = [field for field in self.activity.fields() if field.text]
        widths = [(field.priority, Text(field.text).cell_len + 1) for field in fields]
        if share is not None:
            widths.append((bar_priority, _NARROWEST_BAR + 1))
        while len(widths) > 1 and sum(cells for _, cells in widths) - 1 > width:
            widths.remove(max(widths))
        kept = {priority for priority, _ in widths}
        parts = [Text(field.text, field.style) for field in fields if field.priority in kept]
        if share is not None and bar_priority in kept:
            free = width - sum(cells for _, cells in widths) + 1 + _NARROWEST_BAR
            bar = _draw_bar(share, min(free, _WIDEST_BAR), console, options)
            parts.insert(1, bar)
        line = Text(" ", no_wrap=True, overflow="ellipsis").join(parts)
        self.width = min(line.cell_len, options.max_width)
        yield line


def _draw_bar(share: float, width: int, console: Console, options: ConsoleOptions) -> Text:
    """Draw what is done in green and the rest in grey; without colours, in two shapes."""
    num_done = int(min(max(share, 0.0), 1.0) * width)
    done, rest = ("#", "-") if options.ascii_only else ("━", "━")
    if console.no_color and not options.ascii_only:
        rest = "─"
    bar = Text(done * num_done, "green")
    return bar.append(rest * (width - num_done), "bright_black")


class _ReflowedLive(Live):
    """A live display on a terminal that may become narrower and wrap what was drawn before.

    Args:
        drawn: Widths of the lines that were drawn last.
    """

    def __init__(self, drawn: Callable[[], Sequence[int]], **options: Any) -> None:
        super().__init__(**options)
        self._drawn = drawn

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """Erase the wrapped rows, which Rich does not count."""
        width = max(self.console.width, 1)
        num_more = sum(max(cells - 1, 0) // width for cells in self._drawn())
        wipe: list[ControlType | ControlCode] = [
            ControlType.CARRIAGE_RETURN,
            (ControlType.ERASE_IN_LINE, 2),
            (ControlType.CURSOR_UP, 1),
        ]
        return [Control(*wipe * num_more), *super().process_renderables(renderables)]


class _Screen:
    """The live lines at the bottom of a terminal, the newest one below the others."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # files are written beside the training
        self._lines: list[StatusLine] = []
        self._shown: list[StatusLine] = []
        self._live: Live | None = None

    def add(self, line: StatusLine, console: Console) -> None:
        with self._lock:
            self._lines = [*self._lines, line]
            if self._live is None:
                self._shown = []
                self._live = _ReflowedLive(
                    lambda: [shown.width for shown in self._shown],
                    console=console,
                    get_renderable=self._render,
                    transient=True,
                    refresh_per_second=5,
                    # Translations may go to a file while this is on a terminal.
                    redirect_stdout=sys.stdout is not None and sys.stdout.isatty(),
                )
                self._live.start()

    def remove(self, line: StatusLine, *, stays: bool = False) -> None:
        """Remove a line, or leave it in the history of the terminal."""
        with self._lock:
            self._lines = [other for other in self._lines if other is not line]
            if self._live is None:
                return
            if stays:
                self._live.console.print(line)
            if not self._lines:
                self._live.stop()
                self._live = None

    def _render(self) -> Group:
        now = time.monotonic()
        self._shown = [
            line for line in self._lines if now - line.activity.started >= SHOWN_AFTER_SECONDS
        ]
        return Group(*self._shown)


_screen = _Screen()


@contextmanager
def live_line(activity: Activity, *, stays: bool = False) -> Iterator[None]:
    """Show an activity on a terminal while the block runs; nothing elsewhere.

    Args:
        activity: Activity to show; it is read several times a second.
        stays: Whether its last state stays in the terminal's history.
    """
    console = stderr_console()
    if _silent or not console.is_interactive:
        yield
        return
    line = StatusLine(activity)
    _screen.add(line, console)
    try:
        yield
    finally:
        _screen.remove(line, stays=stays)


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
    if stderr_console().is_interactive:  # a terminal, and not a dumb one
        with live_line(task):
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

"""One line at the bottom of a terminal for each activity, however narrow the terminal is."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

from rich.console import Console, ConsoleOptions, ConsoleRenderable, Group, RenderResult
from rich.control import Control
from rich.live import Live
from rich.segment import ControlCode, ControlType
from rich.text import Text

SHOWN_AFTER_SECONDS = 1.0  # an activity that takes less is not drawn
_WIDEST_BAR = 30
_NARROWEST_BAR = 8


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
def live_line(activity: Activity, console: Console, *, stays: bool = False) -> Iterator[None]:
    """Show an activity while the block runs, unless the console is quiet or not a terminal.

    Args:
        activity: Activity to show; it is read several times a second.
        console: Console to draw on.
        stays: Whether its last state stays in the terminal's history.
    """
    if console.quiet or not console.is_interactive:
        yield
        return
    line = StatusLine(activity)
    _screen.add(line, console)
    try:
        yield
    finally:
        _screen.remove(line, stays=stays)

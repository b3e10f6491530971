"""Translation of items in order as they arrive, while more are read."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

FIRST_WINDOW = 16  # items; few, so that the first results appear soon
GROWTH = 16  # factor from window to window; small windows make worse batches
LARGEST_WINDOW = 16384  # items; enough to sort by length, few enough for the memory
WINDOW_CHARACTERS = 4_000_000  # so that thousands of lines of a megabyte are not read at once
PATIENCE_SECONDS = 0.1  # time for a window to fill while the input pauses
BLOCKS_AHEAD = 16  # read and not yet translated
WINDOWS_AHEAD = 1  # translated and not yet written


class Stopped(Exception):  # noqa: N818 (nothing is wrong: nobody wants more)
    """Exception that ends the work of a thread."""


@dataclass(frozen=True)
class _End:
    """The end of the entries, by an error or not."""

    error: BaseException | None = None


class _Channel(Generic[T]):
    """A bounded queue between two threads, either of which can stop the other.

    `stop` is set by the thread that wants no more entries.
    """

    def __init__(self, size: int, stop: threading.Event) -> None:
        self.queue: queue.Queue[T | _End] = queue.Queue(size)
        self._stop = stop

    def put(self, entry: T | _End) -> None:
        while not self._stop.is_set():
            try:
                return self.queue.put(entry, timeout=0.2)
            except queue.Full:
                continue
        raise Stopped


def next_window(previous: int, largest: int = LARGEST_WINDOW) -> int:
    """Return the size of the window that follows one of this size."""
    return min(previous * GROWTH, largest) if previous else FIRST_WINDOW


class _Windows(Generic[T]):
    """Windows of items, taken from blocks.

    Where the input may pause, a window is what has arrived.
    """

    def __init__(
        self, channel: _Channel[list[T]], weigh: Callable[[T], int], *, is_live: bool
    ) -> None:
        self._channel = channel
        self._weigh = weigh
        self._is_live = is_live
        self._items: deque[T] = deque()
        self._end: _End | None = None

    def take(self, size: int) -> list[T]:
        """Return a window of at most this size; an empty one at the end.

        Raises:
            BaseException: Error that ended the reading, once all items before it are taken.
        """
        window: list[T] = []
        weight = 0
        deadline: float | None = None
        while len(window) < size and weight < WINDOW_CHARACTERS:
            if not self._items and not self._fill(deadline):
                break
            item = self._items.popleft()
            window.append(item)
            weight += self._weigh(item)
            if deadline is None and self._is_live:
                deadline = time.monotonic() + PATIENCE_SECONDS
        if not window and self._end is not None and self._end.error is not None:
            raise self._end.error
        return window

    def _fill(self, deadline: float | None) -> bool:
        """Fetch a block; return False if none comes in time or at all."""
        while self._end is None and not self._items:
            left = None if deadline is None else max(deadline - time.monotonic(), 0.0)
            try:
                block = self._channel.queue.get(timeout=left)
            except queue.Empty:
                return False
            if isinstance(block, list):
                self._items.extend(block)
            else:
                self._end = block
        return bool(self._items)


def stream(
    blocks: Iterable[list[T]],
    translate: Callable[[Sequence[T], Callable[[], None]], Sequence[R]],
    weigh: Callable[[T], int],
    *,
    is_live: bool,
    window: int = 0,
    largest: Callable[[], int] = lambda: LARGEST_WINDOW,
) -> Generator[tuple[list[T], Sequence[R]], None, None]:
    """Yield results window by window, in the order of the items.

    One thread reads ahead, another one translates, and the caller writes: none waits longer for
    another than it must, a signal reaches the caller at once, and memory holds a few windows
    however long the input is.

    Args:
        blocks: The items, in lists of any size.
        translate: Function that returns one result for each item of a window. Now and then it
            calls the function that it is given, which raises `Stopped` when
            the caller wants no more.
        weigh: Function that gives the number of characters of an item.
        is_live: Whether the input may pause; then what has arrived is translated without
            waiting for more. Otherwise the windows depend on the items alone.
        window: Size of the window before the first one; 0 at the start of the input.
        largest: Function that returns the size of the largest window; called when a window has
            been translated or `window` is not 0.

    Raises:
        BaseException: Error of reading or translating, after all results before it.
    """
    stop = threading.Event()
    read: _Channel[list[T]] = _Channel(BLOCKS_AHEAD, stop)
    translated: _Channel[tuple[list[T], Sequence[R]]] = _Channel(WINDOWS_AHEAD, stop)

    def check() -> None:
        if stop.is_set():
            raise Stopped

    def translate_windows() -> Iterator[tuple[list[T], Sequence[R]]]:
        windows = _Windows(read, weigh, is_live=is_live)
        size = next_window(window, largest() if window else FIRST_WINDOW)
        while items := windows.take(size):
            check()
            yield items, translate(items, check)
            size = next_window(len(items), largest())

    _start("reading", blocks, read)
    decoder = _start("translating", translate_windows(), translated)
    try:
        while not isinstance(entry := translated.queue.get(), _End):
            yield entry
        if entry.error is not None:
            raise entry.error
    finally:
        # The reader may wait for input that never comes, so it is abandoned; a model must not be in
        # the middle of its work when the interpreter ends.
        stop.set()
        while decoder.is_alive():
            with suppress(queue.Full):  # then there is something to wake up for
                read.queue.put_nowait(_End())
            decoder.join(0.2)


def _start(name: str, items: Iterable[T], channel: _Channel[T]) -> threading.Thread:
    """Start a thread that puts all items into the channel, and then the end or the error."""

    def run() -> None:
        try:
            for item in items:
                channel.put(item)
            channel.put(_End())
        except Stopped:
            pass
        except BaseException as error:
            with suppress(Stopped):
                channel.put(_End(error))

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread

"""Progress of downloads: one bar, or lines, for all files of a repository together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from t5tune.console import track

MEGABYTE = 1_000_000


@contextmanager
def counting(description: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Show how much has been downloaded.

    The total is a number of bytes.

    Yields:
        A function to call with the number of bytes since its last call, which is negative if some
        have to be downloaded again.
    """
    megabytes = None if total is None else -(-total // MEGABYTE)
    with track(description, megabytes, "MB") as advance:
        advance(0)
        done = shown = 0

        def count(num_bytes: int) -> None:
            nonlocal done, shown
            done += num_bytes
            now = -(-done // MEGABYTE) if done == total else done // MEGABYTE
            if now != shown:
                advance(now - shown)
                shown = now

        yield count


def bar_class(count: Callable[[int], None]) -> Any:
    """Return a class that the hub's library uses as its bar and that counts each update."""

    class Bar:
        def __init__(self, *_: object, total: float | None = None, **__: object) -> None:
            self.total = total
            self.n = 0.0

        def update(self, num: float | None = 1) -> None:
            self.n += num or 0
            count(int(num or 0))

        def __enter__(self) -> Bar:
            return self

        def ignore(self, *_: object, **__: object) -> None:
            pass

        # What Xet has received but not yet written: without this method a second bar appears.
        update_transfer = ignore
        __exit__ = close = refresh = ignore
        set_description = set_postfix_str = set_transfer_postfix_str = ignore

    return Bar

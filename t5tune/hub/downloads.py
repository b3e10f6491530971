"""Progress of downloads: one bar, or lines, for all files of a repository together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from t5tune.console import track

MEGABYTE = 1_000_000


@contextmanager
def counting(description: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Show how much has been downloaded.

    Args:
        description: Name of the activity.
        total: Number of bytes to download; None if unknown.

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

        def __exit__(
            self,
            kind: type[BaseException] | None,
            error: BaseException | None,
            trace: TracebackType | None,
        ) -> None:
            pass

        def close(self) -> None:
            pass

        def refresh(self) -> None:
            pass

        def update_transfer(self, num: float | None = 1) -> None:
            """Ignore what Xet has received but not yet written; without it a second bar appears."""

        def set_description(self, *_: object, **__: object) -> None:
            pass

        set_postfix_str = set_transfer_postfix_str = set_description

    return Bar

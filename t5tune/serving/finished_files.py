"""Translated files that wait to be downloaded."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

KEPT_SECONDS = 1800.0
KEPT_BYTES = 64_000_000


@dataclass(frozen=True)
class FinishedFile:
    """A translated file.

    Attributes:
        name: Name that the client gave the file.
        content: Its content.
        until: When it is deleted.
    """

    name: str
    content: bytes
    until: float


class FinishedFiles:
    """Files in memory, for half an hour; the oldest go first if they become too large.

    Args:
        clock: Function that returns seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._files: OrderedDict[str, FinishedFile] = OrderedDict()

    def keep(self, name: str, content: bytes) -> str:
        """Keep a file, and return the address, which nobody can guess."""
        address = f"{uuid4()}.{name}"
        self._files[address] = FinishedFile(name, content, self._clock() + KEPT_SECONDS)
        while sum(len(file.content) for file in self._files.values()) > KEPT_BYTES:
            self._files.popitem(last=False)
        return address

    def find(self, address: str) -> FinishedFile | None:
        """Return a file; None if there is none, or not any more."""
        now = self._clock()
        for old in [key for key, file in self._files.items() if file.until < now]:
            del self._files[old]
        return self._files.get(address)

"""How many requests a client may make in a minute."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

_MOST_CLIENTS = 10_000  # that are remembered


class RequestRate:
    """A bucket of requests for each client, which fills up again within a minute.

    Args:
        per_minute: Requests in a minute; None for any number.
        clock: Function that returns seconds.
    """

    def __init__(self, per_minute: int | None, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_minute = per_minute
        self._clock = clock
        self._left: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()  # requests, time

    def take(self, client: Hashable) -> int | None:
        """Take one request of a client; return None, or the seconds until there is one again."""
        if self.per_minute is None:
            return None
        now = self._clock()
        left, since = self._left.pop(client, (float(self.per_minute), now))
        left = min(self.per_minute, left + (now - since) * self.per_minute / 60)
        is_allowed = left >= 1
        self._left[client] = (left - is_allowed, now)
        while len(self._left) > _MOST_CLIENTS:
            self._left.popitem(last=False)
        seconds = (1 - left) * 60 / self.per_minute
        return None if is_allowed else math.ceil(round(seconds, 6))

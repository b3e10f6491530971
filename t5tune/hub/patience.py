"""Limits how long requests to the hub may fail before a command says so.

The hub's library tries six times with growing pauses, gives each try up to a minute, and sleeps
for as long as a busy hub tells it to, so that a failure takes minutes to show. Its requests go
through a client of ours, which ends that after nine seconds without a sign of life. The user's own
`HF_HUB_ETAG_TIMEOUT` and `HF_HUB_DOWNLOAD_TIMEOUT` may be longer.

This module imports httpx2: import it within functions.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
from huggingface_hub import constants, set_client_factory
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import (  # type: ignore[attr-defined]
    hf_raise_for_status,
    parse_ratelimit_headers,
)
from huggingface_hub.utils._http import hf_request_event_hook

ANSWER_SECONDS = 8.0  # that the beginning of an answer may take
STALL_SECONDS = 4.0  # without data within a file, before another connection continues it
LIMIT_SECONDS = 9.0  # without a sign of life, over all tries
_LAST_TRY_SECONDS = 4.9  # of failures after which nothing is tried again
_FORGET_SECONDS = 10.0  # after which a failure has nothing to do with an earlier one
_LONGEST_PAUSE = 2  # seconds that a busy hub may ask for without ending the command
_FAILURES = {408, 429, 500, 502, 503, 504}  # statuses after which the library tries again


class PatienceEndedError(Exception):
    """Requests have failed for long enough; the cause is the last failure."""


class Patience:
    """The time since the hub gave its last sign of life, over all connections of this process."""

    def __init__(self) -> None:
        self._is_failing = False
        self._alive = self._failed = time.monotonic()  # the last signs of life and of failure

    def begin(self, timeout: dict[str, float | None]) -> None:
        """Note that a request begins, and shorten its timeouts."""
        now = time.monotonic()
        if not self._is_failing or now - self._failed > _FORGET_SECONDS:
            self.note_life()
        self.shorten(timeout, "read", _answer_seconds())
        self.shorten(timeout, "connect", _answer_seconds() / 2)

    def shorten(self, timeout: dict[str, float | None], name: str, seconds: float) -> None:
        """Shorten one timeout, so that not even a last try takes too long."""
        if self._is_failing:
            left = _limit_seconds() - (time.monotonic() - self._alive)
            seconds = max(min(seconds, left), 0.01)
        given = timeout.get(name)
        timeout[name] = seconds if given is None else min(given, seconds)

    def note_life(self) -> None:
        """Note that something has arrived."""
        self._is_failing, self._alive = False, time.monotonic()

    def note_failure(self) -> bool:
        """Note that a request has failed; return whether another one would be one too many."""
        self._is_failing, self._failed = True, time.monotonic()
        return self._failed - self._alive >= _LAST_TRY_SECONDS


class PatientClient(httpx2.Client):
    """A client whose requests fail for good when nothing has come for some seconds."""

    def __init__(self, patience: Patience, **settings: Any) -> None:
        super().__init__(**settings)
        self._patience = patience

    def send(self, request: httpx2.Request, **settings: Any) -> httpx2.Response:
        """Send a request. See `httpx2.Client.send`.

        Raises:
            PatienceEndedError: This one has failed, like those before it for some seconds.
        """
        patience = self._patience
        # Connections look there again before each read, so that it may change meanwhile.
        timeout: dict[str, float | None] = request.extensions.setdefault("timeout", {})
        patience.begin(timeout)
        with _counted(patience):
            response = super().send(request, **settings)
        if response.status_code in _FAILURES:
            _end_if_hopeless(response, patience)
        elif settings.get("stream"):
            patience.shorten(timeout, "read", _stall_seconds())
            assert isinstance(response.stream, httpx2.SyncByteStream)
            response.stream = _Watched(response.stream, patience)
        else:
            patience.note_life()
        return response


class _Watched(httpx2.SyncByteStream):
    """The content of an answer, whose arrival is noted."""

    def __init__(self, stream: httpx2.SyncByteStream, patience: Patience) -> None:
        self._stream = stream
        self._patience = patience

    def __iter__(self) -> Iterator[bytes]:
        with _counted(self._patience):
            for chunk in self._stream:
                self._patience.note_life()
                yield chunk

    def close(self) -> None:
        self._stream.close()


@contextmanager
def _counted(patience: Patience) -> Iterator[None]:
    """Count a failure of a connection, and replace it if nothing more is to be tried."""
    try:
        yield
    except httpx2.TransportError as error:
        if patience.note_failure():
            raise PatienceEndedError("the hub gives no sign of life") from error
        raise


def _end_if_hopeless(response: httpx2.Response, patience: Patience) -> None:
    """Raise if an answer is a failure that the library would meet again and again."""
    pause = told_pause(response.headers)
    is_long = pause is not None and pause > _LONGEST_PAUSE
    if not patience.note_failure() and not is_long:
        return
    try:
        hf_raise_for_status(response)
    except HfHubHTTPError as error:
        response.close()
        raise PatienceEndedError("the hub answers with failures") from error


def told_pause(headers: httpx2.Headers) -> int | None:
    """Return how many seconds a busy hub asks to wait; None if it does not tell."""
    after = headers.get("Retry-After")
    if after is not None and after.isdigit():
        return int(after)
    limit = parse_ratelimit_headers(headers)
    return limit.reset_in_seconds if limit is not None and limit.remaining == 0 else None


def _answer_seconds() -> float:
    own = float(constants.HF_HUB_ETAG_TIMEOUT)
    return own if os.environ.get("HF_HUB_ETAG_TIMEOUT") else min(ANSWER_SECONDS, own)


def _stall_seconds() -> float:
    own = float(constants.HF_HUB_DOWNLOAD_TIMEOUT)
    return own if os.environ.get("HF_HUB_DOWNLOAD_TIMEOUT") else min(STALL_SECONDS, own)


def _limit_seconds() -> float:
    return max(LIMIT_SECONDS, _answer_seconds() + 1, 2 * _stall_seconds() + 1)


def be_patient() -> None:
    """Let the hub's library send its requests through a `PatientClient`."""
    if _Settled.is_done:
        return
    _Settled.is_done = True
    patience = Patience()
    set_client_factory(
        lambda: PatientClient(  # otherwise as the library's own client
            patience,
            event_hooks={"request": [hf_request_event_hook]},
            follow_redirects=True,
            timeout=None,
        )
    )


class _Settled:
    """State of this process; a variable of the module would need `global`."""

    is_done = False

"""Whether the hub answers, and whether there is a token; the token itself is never shown."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Literal

_SECONDS = 4.0  # for the answer, looking up the address included

TokenState = Literal["none", "accepted", "refused", "not tried"]


@dataclass(frozen=True)
class HubAccess:
    """What a request to the hub has shown.

    Attributes:
        endpoint: Address of the public hub, or that there is another one; its name is private.
        state: `offline` is the user's choice; `unknown` is the state without the hub's library.
        reason: Why it is silent or unknown, as the end of a sentence.
        seconds: Time until the answer.
        token: Whether this machine has a token, and what the hub says to it.
    """

    endpoint: str
    state: Literal["answers", "offline", "silent", "unknown"]
    reason: str | None = None
    seconds: float | None = None
    token: TokenState = "none"


def examine_hub() -> HubAccess:
    """Ask the hub once, unless this machine is told to stay offline."""
    try:
        from huggingface_hub import constants, get_token

        from t5tune.hub.offline import is_offline
    except Exception as error:  # a broken library raises whatever it likes
        return HubAccess("", "unknown", f"huggingface_hub cannot be imported: {error}")
    public = "https://huggingface.co"
    endpoint = public if public == constants.ENDPOINT else "another one, by HF_ENDPOINT"
    token = get_token()
    if is_offline():
        return HubAccess(endpoint, "offline", token="not tried" if token else "none")
    request = _Request(constants.ENDPOINT, token)
    request.start()
    request.join(_SECONDS)
    status, reason = request.status, request.reason or f"no answer in {_SECONDS:.0f} s"
    if status is None:
        return HubAccess(endpoint, "silent", reason, token="not tried" if token else "none")
    state: TokenState = "none"
    if token:
        state = {200: "accepted", 401: "refused"}.get(status, "not tried")  # type: ignore[assignment]
    return HubAccess(endpoint, "answers", seconds=request.seconds, token=state)


class _Request(threading.Thread):
    """A request whose name lookup may take longer than its own limits."""

    def __init__(self, endpoint: str, token: str | None) -> None:
        super().__init__(daemon=True)
        self._endpoint, self._token = endpoint, token
        self.status: int | None = None
        self.reason: str | None = None
        self.seconds: float | None = None

    def run(self) -> None:
        import httpx2
        from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

        from t5tune.hub.explanations import describe_outage

        path = "/api/whoami-v2" if self._token else "/api/models?limit=1"
        headers = build_hf_headers(token=self._token or False, library_name="t5tune")
        started = time.monotonic()
        try:
            answer = httpx2.get(self._endpoint + path, headers=headers, timeout=_SECONDS)
            self.seconds = round(time.monotonic() - started, 2)
            self.status = answer.status_code
        except Exception as error:  # whatever prevents an answer is the answer to our question
            host = self._endpoint.partition("://")[2].partition("/")[0].rpartition("@")[2]
            reason = describe_outage(error) or type(error).__name__
            self.reason = reason.replace(host.partition(":")[0] or "\0", "the hub")

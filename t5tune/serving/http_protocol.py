"""HTTP/1.1 by httptools, several times as fast as the parser in Python, with what it lacks."""

from __future__ import annotations

import httptools
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_UNREAD = 65_536  # bytes of a head, or of anything else that is neither head nor body; as h11
_INVALID = "Invalid HTTP request received."


class BoundedProtocol(HttpToolsProtocol):
    """A connection whose requests have heads of bounded size, and may offer to upgrade.

    httptools keeps a head however long it becomes. It also takes a request that offers another
    protocol, as Java's HTTP client does by default, for one without a body: h11 answers those.
    """

    _has_progress = False
    _num_unread = 0

    def data_received(self, data: bytes) -> None:
        """Read what a client has sent."""
        self._unset_keepalive_if_required()
        self._has_progress = False
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self._hand_over(data[offer.args[0] :])
            return
        except httptools.HttpParserError:
            self._refuse()
            return
        self._num_unread = 0 if self._has_progress else self._num_unread + len(data)
        if self._num_unread > MOST_UNREAD:
            self._refuse()

    def on_message_begin(self) -> None:
        """Begin with a request."""
        self._has_progress = True
        super().on_message_begin()

    def on_body(self, body: bytes) -> None:
        """Read a part of a body."""
        self._has_progress = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        self._has_progress = True
        super().on_message_complete()

    def _should_upgrade(self) -> bool:
        return True  # so that nothing is done with the request here

    def _refuse(self) -> None:
        self.logger.warning(_INVALID)
        self.send_400_response(_INVALID)

    def _hand_over(self, rest: bytes) -> None:
        """Let h11 read a request, whose head was read already, and all that follow it."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._refuse()
            return
        self.connections.discard(self)
        version = self.scope["http_version"]
        lines = [b"%s %s HTTP/%s" % (self.scope["method"].encode(), self.url, version.encode())]
        lines += [b"%s: %s" % header for header in self.headers]
        other = H11Protocol(self.config, self.server_state, self.app_state)
        other.connection_made(self.transport)
        self.transport.set_protocol(other)
        other.data_received(b"\r\n".join([*lines, b"", rest]))

"""Test how the server listens."""

from __future__ import annotations

import asyncio
import socket

from t5tune.serving.server import _bind
from t5tune.serving.server_settings import ServerSettings


def test_answers_are_sent_at_once() -> None:
    """Otherwise the body of an answer waits for the client to confirm the head, for 40 ms."""

    async def accept() -> int:
        found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def look(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            own = writer.get_extra_info("socket")
            found.set_result(own.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        listener = _bind(ServerSettings(port=0))
        async with await asyncio.start_server(look, sock=listener):
            _, writer = await asyncio.open_connection(*listener.getsockname())
            is_sent_at_once = await found
            writer.close()
        return is_sent_at_once

    assert asyncio.run(accept())

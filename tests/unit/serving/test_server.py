"""Test how the server listens."""

from __future__ import annotations

import asyncio
import socket
import tempfile
from pathlib import Path

import pytest

from t5tune.errors import T5TuneError
from t5tune.serving.served_model import ModelSource
from t5tune.serving.server import _bind, serve
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


def test_without_a_place_for_temporary_files_it_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A unit of systemd with ProtectSystem=strict has none, unless it says PrivateTmp=true."""
    monkeypatch.setattr(tempfile, "tempdir", None)
    places = [str(tmp_path / "not_there")]
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: places)
    with pytest.raises(T5TuneError, match="needs a directory for temporary files") as caught:
        serve([ModelSource("tiny", "nowhere")], ServerSettings(port=0), print)
    assert "PrivateTmp=true" in str(caught.value.next_command)

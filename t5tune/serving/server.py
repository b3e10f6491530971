"""The server: it opens the models, listens, and ends when what it has accepted is answered."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
import tempfile
from collections.abc import Callable, Sequence
from importlib.util import find_spec

import uvicorn

from t5tune.console import say
from t5tune.errors import T5TuneError
from t5tune.serving.api_keys import VARIABLE, read_api_keys
from t5tune.serving.application import build_application
from t5tune.serving.request_log import log, start_log
from t5tune.serving.request_queue import RequestQueue
from t5tune.serving.served_engine import ServedEngine
from t5tune.serving.served_model import ModelSource, ServedModel, check_models
from t5tune.serving.server_metrics import ServerMetrics
from t5tune.serving.server_settings import ServerSettings
from t5tune.serving.service import Service

KEEP_ALIVE_SECONDS = 15  # that a connection without a request stays open


def serve(
    sources: Sequence[ModelSource], settings: ServerSettings, on_start: Callable[[str], object]
) -> None:
    """Serve models until a signal ends the process.

    Requests that were accepted are answered before it ends, and no others are accepted meanwhile.

    Args:
        sources: Models, that which is asked if none is named first.
        settings: Settings of the server.
        on_start: Called with the address of the server once it listens.

    Raises:
        T5TuneError: A model cannot be opened, two cannot be told apart, the port is taken, or there
            is no place for temporary files.
    """
    _check_temporary_directory()
    listener = _bind(settings)
    with listener:
        service = open_service(sources, settings)
        if not service.keys and not _is_loopback(settings.host):
            say(
                f"warning: everybody who reaches {settings.host} may translate: there are no keys "
                f"(--api-keys FILE, or {VARIABLE})"
            )
        start_log(settings.log)
        for model in service.models:
            log("model", name=model.name, engine=model.engine.name, path=model.source.path)
        config = uvicorn.Config(
            build_application(service),
            log_config=None,
            access_log=False,
            server_header=False,
            http=_choose_protocol(),
            ws="none",
            lifespan="on",
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            limit_concurrency=settings.limits.connections,
        )
        _Server(config, lambda: on_start(_address(listener))).run(sockets=[listener])


def _choose_protocol() -> type[asyncio.Protocol] | str:
    """Return what reads requests: httptools, or where it is not installed h11, which is slower."""
    if find_spec("httptools") is None:
        return "h11"
    from t5tune.serving.http_protocol import BoundedProtocol

    return BoundedProtocol


class _Server(uvicorn.Server):
    """A server that says when it listens."""

    def __init__(self, config: uvicorn.Config, on_start: Callable[[], object]) -> None:
        super().__init__(config)
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        if self.started:
            self._on_start()


def open_service(sources: Sequence[ModelSource], settings: ServerSettings) -> Service:
    """Open all models.

    Raises:
        T5TuneError: See `serve`.
    """
    keys = read_api_keys(settings.api_keys)
    metrics = ServerMetrics()

    def make_queue(name: str, engine: ServedEngine) -> RequestQueue:
        queue = RequestQueue(
            engine,
            texts_per_batch=settings.texts_per_batch,
            max_waiting=settings.limits.waiting_texts,
            on_batch=lambda size: metrics.count_batch(name, size),
        )
        metrics.watch_queue(name, lambda: queue.num_waiting)
        return queue

    models = [ServedModel(source, make_queue) for source in sources]
    check_models(models)
    return Service(models, settings, keys, metrics)


def _check_temporary_directory() -> None:
    """Refuse to start where languages could not be detected and large files not be received."""
    try:
        tempfile.gettempdir()
    except FileNotFoundError as error:
        raise T5TuneError(
            "The server needs a directory for temporary files, and can write to none of /tmp, "
            "/var/tmp and the working directory.",
            next_command="TMPDIR=DIRECTORY before the same command; PrivateTmp=true in a unit of "
            "systemd; docker run --tmpfs /tmp",
        ) from error


def _bind(settings: ServerSettings) -> socket.socket:
    """Take the port, before models are loaded, which takes seconds."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # asyncio sends at once only from sockets that say they are of TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # So that clients that have vanished without a word are found in the end.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise _refuse_address(settings, error) from error
    return listener


def _refuse_address(settings: ServerSettings, error: OSError) -> T5TuneError:
    place = f"{settings.host}:{settings.port}"
    if error.errno == errno.EADDRINUSE:
        return T5TuneError(
            f"Another program listens on {place} already.",
            next_command="the same command with --port 0, which takes a free one, or another port",
        )
    if error.errno == errno.EACCES:
        return T5TuneError(
            f"{place}: ports below 1024 are the system's.",
            next_command="the same command with --port 5000, behind a web server",
        )
    return T5TuneError(
        f"{place} is not an address of this machine: {error.strerror}.",
        next_command="the same command with --host 127.0.0.1, or 0.0.0.0 for all addresses",
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

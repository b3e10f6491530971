"""The application: routes, limits and the log around them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from t5tune.scoring.language_identity import rank_languages
from t5tune.serving.ascii_json import AsciiJSON
from t5tune.serving.reloading import ModelWatch
from t5tune.serving.request_bodies import BoundedBodies
from t5tune.serving.request_log import log
from t5tune.serving.routes import ALL_ROUTES
from t5tune.serving.service import CLIENT_HAS_LEFT, Service

_UNWATCHED = ("/health", "/metrics")  # asked all the time, and counted but not logged


def build_application(service: Service) -> Starlette:
    """Return the application that answers for a service."""
    middleware = [Middleware(_Observed, service=service)]
    if service.settings.cors_origins:
        middleware.append(
            Middleware(
                CORSMiddleware,
                allow_origins=list(service.settings.cors_origins),
                allow_methods=["GET", "POST"],
                allow_headers=["Authorization", "Content-Type"],
            )
        )
    middleware.append(Middleware(BoundedBodies, limits=service.limits))
    application = Starlette(
        routes=ALL_ROUTES,
        middleware=middleware,
        exception_handlers={HTTPException: _refuse, ClientDisconnect: _note, Exception: _fail},
        lifespan=_live,
    )
    application.state.service = service
    return application


@asynccontextmanager
async def _live(application: Starlette) -> AsyncIterator[None]:
    """Look for newer models while the server runs; translate what still waits when it ends."""
    service: Service = application.state.service
    # What detects languages takes seconds to load the first time.
    loading = asyncio.create_task(asyncio.to_thread(rank_languages, "a"))
    seconds = service.settings.reload_seconds
    watch = ModelWatch(service.models, service.metrics)
    watching = asyncio.create_task(watch.watch(seconds)) if seconds else None
    yield
    if watching is not None:
        watching.cancel()
    await loading
    for model in service.models:
        await asyncio.to_thread(model.queue.close)


async def _refuse(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return AsciiJSON({"error": error.detail}, error.status_code, error.headers)


async def _note(_: Request, __: Exception) -> Response:
    """Answer a client that has left in the middle of its request: for the log alone."""
    return Response(status_code=CLIENT_HAS_LEFT)


async def _fail(_: Request, __: Exception) -> Response:
    return AsciiJSON({"error": "Cannot translate text: the server's log says why"}, 500)


class _Observed:
    """An application whose requests are counted, timed and logged."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._metrics = service.metrics
        self._paths = {getattr(route, "path", "") for route in ALL_ROUTES}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        facts: dict[str, object] = {}
        scope.setdefault("state", {})["facts"] = facts
        start = time.perf_counter()
        status = 500

        async def send_observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_observed)
        finally:
            seconds = time.perf_counter() - start
            path = scope["path"]
            route = path if path in self._paths else "/".join(path.split("/", 2)[:2])
            route = route if route in self._paths or route == "/download_file" else "other"
            self._metrics.requests.labels(route, str(status)).inc()
            self._metrics.seconds.labels(route).observe(seconds)
            if route not in _UNWATCHED:
                client = scope.get("client")
                log(
                    "request",
                    level=logging.WARNING if status >= 500 else logging.INFO,
                    method=scope["method"],
                    route=route,
                    status=status,
                    seconds=round(seconds, 4),
                    client=client[0] if client else None,
                    **facts,
                )

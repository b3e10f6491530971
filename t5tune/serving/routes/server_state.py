"""Whether the server is well, and what Prometheus reads."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from t5tune.serving.server_metrics import CONTENT_TYPE
from t5tune.serving.service import service_of


async def tell_health(_: Request) -> Response:
    """Say that the server answers; its models are loaded before it listens."""
    return JSONResponse({"status": "ok"})


async def tell_metrics(request: Request) -> Response:
    """Return the metrics; a server with keys wants one as a bearer token."""
    service = service_of(request)
    service.check_monitor(request)
    return Response(service.metrics.write(), media_type=CONTENT_TYPE)


ROUTES = [Route("/health", tell_health), Route("/metrics", tell_metrics)]

"""What all routes share: the models, and who may ask them how much."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request

from t5tune.serving.api_keys import ApiKeys
from t5tune.serving.finished_files import FinishedFiles
from t5tune.serving.request_bodies import text_of, until_gone
from t5tune.serving.request_queue import Found, Job, QueueIsFull, Search
from t5tune.serving.request_rate import RequestRate
from t5tune.serving.served_languages import ServedLanguages
from t5tune.serving.served_model import ServedModel
from t5tune.serving.server_metrics import ServerMetrics
from t5tune.serving.server_settings import ServerSettings

CLIENT_HAS_LEFT = 499  # no status of HTTP's own; the log and the metrics have it from nginx
RETRY_SECONDS = 2  # after which a client may try again when the queue was full


class Service:
    """The state of a server.

    Args:
        models: Models, that which is asked if none is named first.
        settings: Settings of the server.
        keys: Keys of clients; none if everybody may ask.
        metrics: What is counted.
    """

    def __init__(
        self,
        models: Sequence[ServedModel],
        settings: ServerSettings,
        keys: ApiKeys,
        metrics: ServerMetrics,
    ) -> None:
        self.models = models
        self.settings = settings
        self.limits = settings.limits
        self.keys = keys
        self.metrics = metrics
        self.languages = ServedLanguages(models)
        self.files = FinishedFiles()
        self._rate = RequestRate(self.limits.requests_per_minute)

    def admit(self, request: Request, fields: Mapping[str, Any]) -> None:
        """Check the key of a request, and how many its client has made.

        Raises:
            HTTPException: The key is wrong or missing, or there were too many requests.
        """
        number = None
        if self.keys:
            key = text_of(fields, "api_key") or _bearer(request)
            if not key:
                raise HTTPException(400, "Please contact the server operator to get an API key")
            number = self.keys.find(key)
            if number is None:
                raise HTTPException(403, "Invalid API key")
            request.state.facts["key"] = number
        address = request.client.host if request.client else ""
        seconds = self._rate.take(address if number is None else number)
        if seconds is not None:
            self.metrics.refused.labels("rate").inc()
            raise slow_down(f"{self._rate.per_minute} per 1 minute", seconds)

    def check_monitor(self, request: Request) -> None:
        """Refuse to tell a client without a key how the server is doing, if there are keys.

        Raises:
            HTTPException: The key is wrong or missing.
        """
        if self.keys and self.keys.find(_bearer(request)) is None:
            raise HTTPException(401, "Unauthorized", {"WWW-Authenticate": "Bearer"})

    def submit(
        self, request: Request, model: ServedModel, texts: Sequence[str], search: Search
    ) -> Job:
        """Put texts into the queue of a model.

        Raises:
            HTTPException: The queue is full.
        """
        try:
            job = model.queue.submit(texts, search)
        except QueueIsFull:
            self.metrics.refused.labels("queue").inc()
            raise slow_down("too many texts are waiting", RETRY_SECONDS) from None
        facts = request.state.facts
        facts["model"] = model.name
        facts["texts"] = facts.get("texts", 0) + len(texts)
        facts["characters"] = facts.get("characters", 0) + sum(map(len, texts))
        return job

    async def translate(
        self, request: Request, model: ServedModel, texts: Sequence[str], search: Search
    ) -> list[Found]:
        """Translate texts for a request; what is not begun when its client leaves is cancelled.

        Raises:
            HTTPException: The queue is full, or the client has left.
        """
        job = self.submit(request, model, texts, search)
        async with self.watching(request, model, job):
            return [found async for found in job.each()]

    def cancel(self, model: ServedModel, job: Job) -> None:
        """Take what was not begun of a job out of the queue."""
        if num_left := model.queue.cancel(job):
            self.metrics.cancelled.labels(model.name).inc(num_left)

    @asynccontextmanager
    async def watching(self, request: Request, model: ServedModel, job: Job) -> AsyncIterator[None]:
        """Cancel a job when its client leaves while the block runs, and end the block."""
        task = asyncio.current_task()
        assert task is not None
        has_left = False

        async def watch() -> None:
            nonlocal has_left
            await until_gone(request)
            has_left = True
            task.cancel()

        watcher = asyncio.create_task(watch())
        try:
            yield
        except asyncio.CancelledError:
            self.cancel(model, job)
            if has_left:
                raise HTTPException(CLIENT_HAS_LEFT, "The client has left") from None
            raise
        finally:
            watcher.cancel()


def slow_down(reason: str, seconds: int) -> HTTPException:
    """Return the refusal of a request that may be made again later."""
    return HTTPException(429, f"Slowdown: {reason}", {"Retry-After": str(seconds)})


def service_of(request: Request) -> Service:
    """Return the state of the server that a request is for."""
    service: Service = request.app.state.service
    return service


def _bearer(request: Request) -> str:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""

"""What Prometheus reads at /metrics."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_TEXTS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class ServerMetrics:
    """The metrics of one server; none of them contains texts, keys or addresses."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = registry = CollectorRegistry()
        self.requests = Counter(
            "t5tune_requests", "Answered requests.", ["route", "status"], registry=registry
        )
        self.seconds = Histogram(
            "t5tune_request_seconds", "Time from the head of a request to its answer.", ["route"],
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self.texts = Counter(
            "t5tune_texts", "Translated texts; of a document, its sentences.", ["model"],
            registry=registry,
        )  # fmt: skip
        self.batches = Histogram(
            "t5tune_batch_texts", "Texts that were translated together.", ["model"],
            buckets=_TEXTS, registry=registry,
        )  # fmt: skip
        self.cancelled = Counter(
            "t5tune_cancelled_texts", "Texts of clients that left before they were begun.",
            ["model"], registry=registry,
        )  # fmt: skip
        self.refused = Counter(
            "t5tune_refused_requests", "Requests that a limit refused.", ["limit"],
            registry=registry,
        )  # fmt: skip
        self.reloads = Counter(
            "t5tune_reloads", "Newer models that were loaded.", ["model", "result"],
            registry=registry,
        )  # fmt: skip

        self._waiting = Gauge(
            "t5tune_waiting_texts", "Texts that wait for a model.", ["model"], registry=registry
        )

    def count_batch(self, model: str, num_texts: int) -> None:
        """Count the texts of a batch."""
        self.texts.labels(model).inc(num_texts)
        self.batches.labels(model).observe(num_texts)

    def watch_queue(self, model: str, count: Callable[[], float]) -> None:
        """Report the number of texts that wait for a model, counted when it is asked for."""
        self._waiting.labels(model).set_function(count)

    def write(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self._registry)

"""What the user of `t5tune serve` can set."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Limits:
    """What a request may take.

    Attributes:
        body_bytes: Most bytes of a request's body.
        body_seconds: Longest time in which a body arrives.
        texts: Most texts of a request.
        characters: Most characters of a text.
        hypotheses: Most hypotheses of a text.
        requests_per_minute: Requests of a key, or of an address; None for any number.
        waiting_texts: Number of texts waiting for a model from which on requests are refused.
        connections: Most connections at the same time.
    """

    body_bytes: int = 2_000_000
    body_seconds: float = 30.0
    texts: int = 1000
    characters: int = 100_000
    hypotheses: int = 10
    requests_per_minute: int | None = None
    waiting_texts: int = 4000
    connections: int = 2000


@dataclass(frozen=True)
class ServerSettings:
    """Settings of the server.

    Attributes:
        host: Address to listen on.
        port: Port; 0 lets the system choose.
        limits: What a request may take.
        api_keys: File with a key on each line.
        cors_origins: Origins of web pages that may ask; `*` for all.
        texts_per_batch: Most texts that are translated together.
        reload_seconds: Seconds between looks for a newer model; 0 for none.
        log: File for the log; None for standard error.
        has_page: Whether browsers get a page at `/`.
    """

    host: str = "127.0.0.1"
    port: int = 5000  # LibreTranslate's
    limits: Limits = field(default_factory=Limits)
    api_keys: Path | None = None
    cors_origins: tuple[str, ...] = ()
    texts_per_batch: int = 128
    reload_seconds: float = 5.0
    log: Path | None = None
    has_page: bool = True

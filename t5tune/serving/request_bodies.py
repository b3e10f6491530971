"""What clients send: bodies of bounded size and time, as JSON or as a form."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from t5tune.serving.server_settings import Limits

_NO_LIMIT = 1 << 40  # of a part: the body has one
BAD_JSON = "Invalid JSON format"  # as LibreTranslate says it


class BoundedBodies:
    """An application whose requests have bodies of bounded size, which arrive in bounded time."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limits = self._limits
        deadline = time.monotonic() + limits.body_seconds
        headers = dict(scope["headers"])
        declared = headers.get(b"content-length", b"")
        num_bytes = 0
        is_complete = False

        async def receive_bounded() -> Message:
            nonlocal num_bytes, is_complete
            if is_complete:  # waits for the client to leave
                return await receive()
            if declared.isdigit() and int(declared) > limits.body_bytes:
                raise _too_large(limits)
            try:
                left = deadline - time.monotonic()
                message = await asyncio.wait_for(receive(), max(left, 0.0))
            except asyncio.TimeoutError:
                raise HTTPException(
                    408,
                    f"The request did not arrive within {limits.body_seconds:g} seconds",
                    {"Connection": "close"},
                ) from None
            num_bytes += len(message.get("body", b""))
            if num_bytes > limits.body_bytes:
                raise _too_large(limits)
            is_complete = not message.get("more_body", False)
            return message

        await self._app(scope, receive_bounded, send)


def _too_large(limits: Limits) -> HTTPException:
    return HTTPException(
        413, f"The request is larger than {limits.body_bytes:,} bytes", {"Connection": "close"}
    )


async def read_fields(request: Request) -> dict[str, Any]:
    """Return the fields of a request: those of its JSON object, or of its form and its address.

    Raises:
        HTTPException: The body is not what its type says.
    """
    if _is_json(request):
        return await read_json(request)
    form = await request.form(max_files=1, max_fields=50, max_part_size=_NO_LIMIT)
    fields: dict[str, Any] = {**request.query_params, **form}
    # Forms end lines with both characters.
    return {
        name: value.replace("\r\n", "\n") if isinstance(value, str) else value
        for name, value in fields.items()
    }


async def read_json(request: Request) -> dict[str, Any]:
    """Return the JSON object in a request's body.

    Raises:
        HTTPException: It is not one.
    """
    body = await request.body()
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        raise HTTPException(400, BAD_JSON) from None
    if not isinstance(fields, dict):
        raise HTTPException(400, BAD_JSON)
    return {clean_text(name): _clean(value) for name, value in fields.items()}


def _clean(value: Any) -> Any:
    if isinstance(value, list):
        return [clean_text(one) if isinstance(one, str) else one for one in value]
    return clean_text(value) if isinstance(value, str) else value


def _is_json(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or (
        kind.startswith("application/") and kind.endswith("+json")
    )


def text_of(fields: Mapping[str, Any], name: str) -> str:
    """Return a field that names something; empty if it is missing or something else."""
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def clean_text(text: str) -> str:
    """Return a text whose halves of characters, which JSON can spell, are whole or replaced."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


async def until_gone(request: Request) -> None:
    """Wait until the client of a request, whose body was read, has left."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def is_upload(value: object) -> bool:
    """Return whether a field of a form is a file."""
    return isinstance(value, UploadFile)

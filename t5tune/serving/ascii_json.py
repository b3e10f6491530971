"""Answers to clients that do not take JSON for UTF-8."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import JSONResponse


class AsciiJSON(JSONResponse):
    """JSON whose letters beyond ASCII are escaped, so that every encoding reads the same.

    OmegaT reads an answer that names no encoding, as JSON has none, in ISO 8859-1.
    """

    def render(self, content: Any) -> bytes:
        """Return the body."""
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")

"""The log: one JSON object on each line, without texts, keys and the like."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from t5tune.errors import T5TuneError

LOGGER = "t5tune.serving"
_UVICORN = "uvicorn.error"  # what uvicorn says, whatever the level


class _JsonLines(logging.Formatter):
    """A record as a JSON object on one line.

    Of an exception there are the type and the places in the code, and not the message, which may
    quote a text.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        time = datetime.fromtimestamp(record.created, timezone.utc)
        fields: dict[str, Any] = {
            "time": time.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage().strip(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info and record.exc_info[0] is not None:
            fields["error"] = record.exc_info[0].__name__
            fields["traceback"] = "".join(traceback.format_tb(record.exc_info[2]))
        return json.dumps(fields, ensure_ascii=False)


def start_log(path: Path | None) -> None:
    """Send the log, and uvicorn's warnings, to a file that is appended to, or to standard error.

    Raises:
        T5TuneError: The file cannot be written.
    """
    handler: logging.Handler
    if path is None:
        handler = logging.StreamHandler(sys.stderr)
    else:
        try:
            handler = logging.FileHandler(path, encoding="utf-8")
        except OSError as error:
            raise T5TuneError(
                f"--log {path} cannot be written: {error.strerror}.",
                next_command="name another file, or leave --log out for standard error",
            ) from error
    handler.setFormatter(_JsonLines())
    for name, level in ((LOGGER, logging.INFO), (_UVICORN, logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(level)
        logger.propagate = False


def log(event: str, *, level: int = logging.INFO, **facts: Any) -> None:
    """Write a line with facts, which contain no texts."""
    logging.getLogger(LOGGER).log(level, event, extra={"facts": facts})

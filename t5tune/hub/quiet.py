"""Handles the log of the hub's library: reports its retries in our words, drops the rest."""

from __future__ import annotations

import logging
import os
import re
import warnings

from t5tune.console import say

_RETRY = re.compile(
    r"Retrying in (\d+)\.?\d*s \[Retry (\d+)/(\d+)\]|Waiting ([\d.]+)s before retry"
)


class _Retries(logging.Handler):
    """Reports that a request is tried again, and drops all other warnings of the library."""

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if text.endswith("Trying to resume download..."):
            say("hub: the connection broke; the download continues")
        elif match := _RETRY.search(text):
            seconds = float(match[1] or match[4])
            say(f"hub: no answer; another try in {seconds:.0f} s")


def quiet_library() -> None:
    """Replace the library's log on stderr, unless its own environment variable asks for it."""
    if os.environ.get("HF_HUB_VERBOSITY") or os.environ.get("HF_DEBUG"):
        return
    warnings.filterwarnings("ignore", module=r"huggingface_hub\b")
    from huggingface_hub.utils import logging as hub_logging

    hub_logging.get_logger()  # makes the library set up its own handler first
    logger = logging.getLogger("huggingface_hub")
    if not any(isinstance(handler, _Retries) for handler in logger.handlers):
        logger.handlers = [_Retries(logging.WARNING)]
        logger.propagate = False

"""Tames the hub's library: its patience ends, and its log says less."""

from __future__ import annotations

import logging
import math
import os
import re
import time
import warnings

from t5tune.console import LINE_SECONDS, say

_RETRY = re.compile(
    r"Retrying in (\d+)\.?\d*s \[Retry (\d+)/(\d+)\]|Waiting ([\d.]+)s before retry"
)


class _Retries(logging.Handler):
    """Reports that a request is tried again, and drops all other warnings of the library."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self._last_said = -math.inf

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if text.endswith("Trying to resume download..."):
            if time.monotonic() - self._last_said >= LINE_SECONDS:  # it may break at every megabyte
                self._last_said = time.monotonic()
                say("hub: the connection broke; the download continues")
        elif match := _RETRY.search(text):
            seconds = float(match[1] or match[4])
            say(f"hub: no answer; another try in {seconds:.0f} s")


def tame_library(*, is_pushing: bool = False) -> None:
    """Limit the library's patience, and replace its log on stderr by our words.

    Its log stays if its own environment variable asks for it. Patience has no limit while files are
    pushed: the hub may take long to answer after it has received gigabytes.
    """
    from t5tune.hub.patience import be_patient

    if not is_pushing:
        be_patient()
    if os.environ.get("HF_HUB_VERBOSITY") or os.environ.get("HF_DEBUG"):
        return
    warnings.filterwarnings("ignore", module=r"huggingface_hub\b")
    from huggingface_hub.utils import logging as hub_logging

    hub_logging.get_logger()  # makes the library set up its own handler first
    logger = logging.getLogger("huggingface_hub")
    if not any(isinstance(handler, _Retries) for handler in logger.handlers):
        logger.handlers = [_Retries(logging.WARNING)]
        logger.propagate = False

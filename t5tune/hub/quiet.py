"""What the hub's library logs: its retries are said in our words, the rest is dropped."""

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
    """Says that a request is tried again; all else that the library warns of is its own affair."""

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if text.endswith("Trying to resume download..."):
            say("hub: the connection has broken; the download goes on")
        elif match := _RETRY.search(text):
            seconds = float(match[1] or match[4])
            say(f"hub: no answer; another try in {seconds:.0f} s")


def quiet_library() -> None:
    """Replace the library's log on stderr, unless its own variable asks for one."""
    if os.environ.get("HF_HUB_VERBOSITY") or os.environ.get("HF_DEBUG"):
        return
    warnings.filterwarnings("ignore", module=r"huggingface_hub\b")
    from huggingface_hub.utils import logging as hub_logging

    hub_logging.get_logger()  # has the library set up its own handler first
    logger = logging.getLogger("huggingface_hub")
    if not any(isinstance(handler, _Retries) for handler in logger.handlers):
        logger.handlers = [_Retries(logging.WARNING)]
        logger.propagate = False

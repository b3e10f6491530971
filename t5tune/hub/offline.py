"""The offline state of this process, and the reason for it."""

from __future__ import annotations

import os
import sys


class _State:
    """State of this process; variables of the module would need `global`."""

    reason: str | None = None


def is_offline() -> bool:
    """Return whether the process is offline, by the user's choice or because the hub has failed."""
    from huggingface_hub import constants

    return bool(constants.is_offline_mode())


def offline_reason() -> str | None:
    """Return why the hub did not answer this process; None if the user chose to be offline."""
    return _State.reason


def go_offline(reason: str) -> None:
    """Take this process, and those that it starts, offline: one failure is enough.

    The libraries read the variable when they are imported, and these constants afterwards.

    The reason is the end of a sentence.
    """
    from huggingface_hub import constants

    _State.reason = reason
    os.environ["HF_HUB_OFFLINE"] = "1"
    constants.HF_HUB_OFFLINE = True
    if "datasets.config" in sys.modules:
        config = sys.modules["datasets.config"]
        config.HF_HUB_OFFLINE = config.HF_DATASETS_OFFLINE = True  # type: ignore[attr-defined]

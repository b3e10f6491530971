"""Whether this process may use the network, and why not."""

from __future__ import annotations

import os
import sys


class _State:
    """Of this process; a module's variables would need `global`."""

    reason: str | None = None


def is_offline() -> bool:
    """Whether the hub is not asked, because the user wants it so or because it has failed."""
    from huggingface_hub import constants

    return bool(constants.is_offline_mode())


def offline_reason() -> str | None:
    """What kept the hub from answering in this process; None if the user wants no network."""
    return _State.reason


def go_offline(reason: str) -> None:
    """Keep this process and those that it starts off the network: one failure is enough.

    The libraries read the variable when they are imported, and ask these constants afterwards.

    Args:
        reason: What has failed, as the end of a sentence.
    """
    from huggingface_hub import constants

    _State.reason = reason
    os.environ["HF_HUB_OFFLINE"] = "1"
    constants.HF_HUB_OFFLINE = True
    if "datasets.config" in sys.modules:
        config = sys.modules["datasets.config"]
        config.HF_HUB_OFFLINE = config.HF_DATASETS_OFFLINE = True  # type: ignore[attr-defined]

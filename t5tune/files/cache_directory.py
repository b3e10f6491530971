"""The directory of what can be computed again."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_path


def user_cache_directory() -> Path:
    """Return `T5TUNE_CACHE`, or t5tune's directory among the platform's caches."""
    if own := os.environ.get("T5TUNE_CACHE"):
        return Path(own)
    return user_cache_path("t5tune", appauthor=False)

"""The directory of what can be computed again."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

CONVERTED = "converted"  # folder of weights that were pickles


def user_cache_directory() -> Path:
    """Return `T5TUNE_CACHE`, or t5tune's directory among the platform's caches."""
    if own := os.environ.get("T5TUNE_CACHE"):
        return Path(own)
    return user_cache_path("t5tune", appauthor=False)


def name_in_cache(key: Any) -> str:
    """Return the name of what a key decides, from the JSON value of the key: 32 hex digits."""
    text = json.dumps(key, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def mark_used(path: Path) -> None:
    """Note that a run has used something in the cache, which `t5tune cache prune` then keeps."""
    with suppress(OSError):
        os.utime(path)

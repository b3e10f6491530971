"""Hashes of files that may be larger than the memory."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any


def hash_file(path: str | Path, digest: Any = None) -> str:
    """Return the SHA-256 of a file's content, or what `digest` is once it has read it."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, lambda: digest or hashlib.sha256()).hexdigest()

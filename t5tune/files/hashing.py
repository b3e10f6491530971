"""Hashes of files that may be larger than the memory."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import xxhash


def hash_file(path: str | Path, digest: Any = None) -> str:
    """Return the SHA-256 of a file's content, or what `digest` is once it has read it."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, lambda: digest or hashlib.sha256()).hexdigest()


def digest_file(path: Path) -> str:
    """Return the XXH3 digest (128 bits) of a file's content, which takes less time than SHA-256."""
    return hash_file(path, xxhash.xxh3_128())

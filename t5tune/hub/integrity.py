"""Checks that the files in the cache are what the hub sent."""

from __future__ import annotations

import hashlib
from pathlib import Path

from t5tune.files.hashing import hash_file
from t5tune.hub.repository import HubRepository

_SHA256 = 64  # length of the names of large files (Git LFS); others have Git's own 40 characters


def find_damaged_file(repository: HubRepository) -> Path | None:
    """Return a file in the cache whose content does not have the hash in its name.

    The library names downloaded files by their hashes, and the files of a commit are links to
    them. All of them are read: call this only after something could not be loaded.
    """
    for path in sorted((repository.cache / "snapshots").rglob("*")):
        if path.is_symlink() and not _is_whole(path.resolve()):
            return path
    return None


def _is_whole(blob: Path) -> bool:
    try:
        if len(blob.name) == _SHA256:
            return hash_file(blob) == blob.name
        start = f"blob {blob.stat().st_size}\0".encode()
        return hash_file(blob, hashlib.sha1(start)) == blob.name
    except OSError:
        return False

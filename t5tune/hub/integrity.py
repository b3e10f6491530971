"""Whether what the cache holds is what the hub sent."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from t5tune.hub.repository import HubRepository

_BLOCK = 1 << 22
_SHA256 = 64  # characters of the names of large files, which Git LFS keeps; of others Git's own 40


def find_damaged_file(repository: HubRepository) -> Path | None:
    """A file of a repository whose content is not what its name in the cache says.

    The library names what it has downloaded by its hash, and lets the files of a commit point
    there. Reads all of them: ask only after something could not be loaded.
    """
    for path in sorted((repository.cache / "snapshots").rglob("*")):
        if path.is_symlink() and not _is_whole(path.resolve()):
            return path
    return None


def _is_whole(blob: Path) -> bool:
    try:
        if len(blob.name) == _SHA256:
            return _digest(blob, hashlib.sha256) == blob.name
        start = f"blob {blob.stat().st_size}\0".encode()
        return _digest(blob, lambda: hashlib.sha1(start)) == blob.name
    except OSError:
        return False


def _digest(path: Path, make: Callable[[], hashlib._Hash]) -> str:
    digest = make()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()

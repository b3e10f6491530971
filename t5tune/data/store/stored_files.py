"""What the cache holds, and how it is made smaller."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from t5tune.data.store.store_manifest import (
    LOCK_ENDING,
    MANIFEST,
    read_manifest,
    stores_directory,
)

_SECONDS_OF_A_DAY = 86_400


@dataclass(frozen=True)
class StoredTokens:
    """A token store, or what is left of one.

    Attributes:
        directory: Directory of its files.
        origin: Place of its examples; None if it is not complete.
        num_examples: Number of its examples.
        num_bytes: Size of its files.
        last_used: Time of the last run that used it, in seconds since the epoch.
    """

    directory: Path
    origin: str | None
    num_examples: int
    num_bytes: int
    last_used: float

    @property
    def days_unused(self) -> float:
        """Days since a run used it."""
        return (time.time() - self.last_used) / _SECONDS_OF_A_DAY


def list_stores() -> list[StoredTokens]:
    """Return all token stores of this user, the one used last at first."""
    return sorted(_find_stores(), key=lambda one: -one.last_used)


def _find_stores() -> Iterator[StoredTokens]:
    folder = stores_directory()
    for directory in folder.iterdir() if folder.is_dir() else ():
        if not directory.is_dir():
            continue
        manifest = read_manifest(directory)
        files = [path.stat() for path in directory.iterdir()]
        marked = directory / MANIFEST
        used = marked.stat().st_mtime if marked.is_file() else directory.stat().st_mtime
        yield StoredTokens(
            directory,
            manifest.origin if manifest else None,
            manifest.num_examples if manifest else 0,
            sum(one.st_size for one in files),
            used,
        )


def remove_store(store: StoredTokens) -> bool:
    """Delete a store, unless a run is building it; return whether it is gone.

    A run that trains on it goes on: its memory maps keep the files.
    """
    name = store.directory.name.partition(".")[0]
    lock = store.directory.with_name(name + LOCK_ENDING)
    try:
        with FileLock(lock, blocking=False):
            shutil.rmtree(store.directory)
            lock.unlink(missing_ok=True)
    except Timeout:
        return False
    return True

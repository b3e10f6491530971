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
from t5tune.data.store.stored_cuts import cuts_directory, read_origin

_SECONDS_OF_A_DAY = 86_400


@dataclass(frozen=True)
class Stored:
    """Tokens or cut splits, or what is left of them.

    Attributes:
        kind: `tokens` or `cuts`.
        path: Directory of the tokens, or file of the cuts.
        origin: Place of the examples; None if it is not complete.
        num_examples: Number of the examples.
        num_bytes: Size on the disk.
        last_used: Time of the last run that used it, in seconds since the epoch.
    """

    kind: str
    path: Path
    origin: str | None
    num_examples: int
    num_bytes: int
    last_used: float

    @property
    def days_unused(self) -> float:
        """Days since a run used it."""
        return (time.time() - self.last_used) / _SECONDS_OF_A_DAY


def list_stored() -> list[Stored]:
    """Return all tokens and cuts of this user, those used last at first."""
    return sorted([*_find_tokens(), *_find_cuts()], key=lambda one: -one.last_used)


def _find_tokens() -> Iterator[Stored]:
    for directory in _list_folder(stores_directory()):
        if not directory.is_dir():
            continue
        manifest = read_manifest(directory)
        files = [path.stat() for path in directory.iterdir()]
        marked = directory / MANIFEST
        used = marked.stat().st_mtime if marked.is_file() else directory.stat().st_mtime
        yield Stored(
            "tokens",
            directory,
            manifest.origin if manifest else None,
            manifest.num_examples if manifest else 0,
            sum(one.st_size for one in files),
            used,
        )


def _find_cuts() -> Iterator[Stored]:
    for path in _list_folder(cuts_directory()):
        origin, num_examples = read_origin(path) or (None, 0)
        state = path.stat()
        yield Stored("cuts", path, origin, num_examples, state.st_size, state.st_mtime)


def _list_folder(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def remove_stored(stored: Stored) -> bool:
    """Delete tokens or cuts, unless a run is building them; return whether they are gone.

    A run that trains on them goes on: its memory maps keep the files.
    """
    if not stored.path.is_dir():
        stored.path.unlink(missing_ok=True)
        return True
    name = stored.path.name.partition(".")[0]
    lock = stored.path.with_name(name + LOCK_ENDING)
    try:
        with FileLock(lock, blocking=False):
            shutil.rmtree(stored.path)
            lock.unlink(missing_ok=True)
    except Timeout:
        return False
    return True

"""What the cache holds, and how it is made smaller."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from t5tune.data.store.cut_files import cuts_directory, read_origin
from t5tune.data.store.store_manifest import (
    LOCK_ENDING,
    MANIFEST,
    read_manifest,
    stores_directory,
)
from t5tune.files.cache_directory import CONVERTED, user_cache_directory

_SECONDS_OF_A_DAY = 86_400
# What has no place of examples: its kind, and its folder in the cache.
_OTHERS = (("overlap", "overlaps"), ("vocabulary", "tokenizers"), ("weights", CONVERTED))


@dataclass(frozen=True)
class Stored:
    """Something in the cache, or what is left of it.

    Attributes:
        kind: `tokens`, `cuts`, `overlap`, `vocabulary` or `weights`.
        path: Its directory or file.
        origin: Place of the examples of tokens and cuts; None if they are not complete, and for
            the other kinds, which keep no place.
        num_examples: Number of the examples of tokens and cuts.
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
    """Return all that this user's cache holds, what was used last at first."""
    others = [
        Stored(kind, path, None, 0, _count_bytes(path), path.stat().st_mtime)
        for kind, folder in _OTHERS
        for path in _list_folder(user_cache_directory() / folder)
    ]
    return sorted([*_find_tokens(), *_find_cuts(), *others], key=lambda one: -one.last_used)


def _find_tokens() -> Iterator[Stored]:
    for directory in _list_folder(stores_directory()):
        if not directory.is_dir():
            continue
        manifest = read_manifest(directory)
        marked = directory / MANIFEST
        used = marked.stat().st_mtime if marked.is_file() else directory.stat().st_mtime
        yield Stored(
            "tokens",
            directory,
            manifest.origin if manifest else None,
            manifest.num_examples if manifest else 0,
            _count_bytes(directory),
            used,
        )


def _find_cuts() -> Iterator[Stored]:
    for path in _list_folder(cuts_directory()):
        origin, num_examples = read_origin(path) or (None, 0)
        state = path.stat()
        yield Stored("cuts", path, origin, num_examples, state.st_size, state.st_mtime)


def _list_folder(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _count_bytes(path: Path) -> int:
    files = path.iterdir() if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files)


def remove_stored(stored: Stored) -> bool:
    """Delete something, unless it is tokens that a run is building; return whether it is gone.

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

"""The caches and their sizes, and the space on the disks that t5tune writes to."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from t5tune.files.cache_directory import user_cache_directory
from t5tune.run.directory import RUNS

_SECONDS = 2.0  # for counting one cache: on a network disk it may take minutes


@dataclass(frozen=True)
class Cache:
    """What a cache takes.

    Attributes:
        name: `tokens`, `hypotheses`, `hub` and so on.
        num_bytes: Size on the disk; at least that much if it is not complete.
        is_complete: Whether everything was counted in time.
    """

    name: str
    path: str
    num_bytes: int
    is_complete: bool = True


@dataclass(frozen=True)
class Disk:
    """The disk of a directory that t5tune writes to.

    Attributes:
        uses: What t5tune writes there.
        path: What is there, or the nearest directory above it that exists.
        is_writable: Whether this user may write there.
    """

    uses: tuple[str, ...]
    path: str
    free_bytes: int
    total_bytes: int
    is_writable: bool


def list_caches() -> tuple[Cache, ...]:
    """Return the caches of this user that exist."""
    return tuple(cache for cache in (*_list_own(), *_list_of_hub()) if cache.num_bytes)


def _list_own() -> Iterator[Cache]:
    from t5tune.decoding.hypothesis_cache import choose_cache_file

    directory = user_cache_directory()
    try:
        from t5tune.data.store.stored_files import list_stored

        sizes = Counter[str]()
        for stored in list_stored():
            sizes[stored.kind] += stored.num_bytes
        for kind, num_bytes in sorted(sizes.items()):
            yield Cache(kind, str(directory), num_bytes)
    except ImportError:  # a library of arrays is broken, which is a finding of its own
        yield _count("all", directory)
    yield _count("hypotheses", choose_cache_file(None))


def _list_of_hub() -> Iterator[Cache]:
    if (directory := hub_cache()) is not None:
        yield _count("hub", directory)


def hub_cache() -> Path | None:
    """Return the directory of files from the hub; None without the hub's library."""
    try:
        from huggingface_hub import constants
    except Exception:  # a broken library is a finding of its own
        return None
    return Path(constants.HF_HUB_CACHE)


def _count(name: str, path: Path) -> Cache:
    """Add up files, links not followed, until the time is over."""
    end = time.monotonic() + _SECONDS
    if path.is_file():
        return Cache(name, str(path), path.stat().st_size)
    total, waiting = 0, [path]
    while waiting:
        if time.monotonic() > end:
            return Cache(name, str(path), total, is_complete=False)
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(Path(entry.path))
                    elif not entry.is_symlink():
                        total += entry.stat(follow_symlinks=False).st_size
        except OSError:  # gone meanwhile, or not ours to read
            continue
    return Cache(name, str(path), total)


def list_disks() -> tuple[Disk, ...]:
    """Return the disks that t5tune writes to, each once."""
    places = {"runs": RUNS, "cache": user_cache_directory(), "temporary files": _find_temporary()}
    if (hub := hub_cache()) is not None:
        places["hub cache"] = hub
    found: dict[object, Disk] = {}
    for use, wanted in places.items():
        path = _find_existing(wanted)
        is_writable = path.is_dir() and os.access(path, os.W_OK | os.X_OK)
        key = path.stat().st_dev if is_writable else path
        space = shutil.disk_usage(path)
        before = found.get(key)
        uses = (*(before.uses if before else ()), use)
        shown = before.path if before else str(path)
        found[key] = Disk(uses, shown, space.free, space.total, is_writable)
    return tuple(found.values())


def _find_temporary() -> Path:
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError:  # no directory for temporary files can be written to
        return Path(os.environ.get("TMPDIR", "/tmp"))


def _find_existing(path: Path) -> Path:
    """Return what has this path, or the nearest directory above it that exists."""
    try:
        absolute = path.expanduser().absolute()
    except FileNotFoundError:  # the current directory has been deleted
        return Path()
    return next(one for one in (absolute, *absolute.parents) if one.exists())

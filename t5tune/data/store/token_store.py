"""Token stores in the cache: opened if complete, else built, by one process at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from t5tune.console import say, track
from t5tune.data.encoding import EncodedDataset
from t5tune.data.store.sequence_files import map_sequences
from t5tune.data.store.store_building import SIDES
from t5tune.data.store.store_key import StoreKey
from t5tune.data.store.store_manifest import (
    LOCK_ENDING,
    MANIFEST,
    StoreManifest,
    find_damaged_file,
    read_manifest,
    stores_directory,
)
from t5tune.data.token_sequences import Lengths
from t5tune.files.cache_directory import mark_used


@dataclass(frozen=True)
class TokenStore:
    """A complete store.

    Attributes:
        directory: Directory of its files.
        manifest: Its counts and fingerprints.
    """

    directory: Path
    manifest: StoreManifest

    def is_here(self) -> bool:
        """Return whether this process can see the store."""
        return read_manifest(self.directory) == self.manifest

    def open(self) -> EncodedDataset:
        """Return the examples; their ids stay on the disk until they are used."""
        sources, targets = (
            map_sequences(self.directory, side, self.manifest.id_type) for side in SIDES
        )
        manifest = self.manifest
        return EncodedDataset(
            sources, targets, manifest.num_truncated, manifest.largest_id, manifest.num_rounds
        )


def find_store(key: StoreKey, folder: Path) -> TokenStore | None:
    """Return the store of a key if it is complete and undamaged; all of it is read."""
    directory = folder / key.digest()
    manifest = read_manifest(directory)
    if manifest is None or manifest.key != key.to_json():
        return None
    with track("checking the tokens in the cache"):
        damaged = find_damaged_file(directory, manifest)
    if damaged is not None:
        say(f"{damaged} is damaged; the training data is tokenized again")
        return None
    mark_used(directory / MANIFEST)
    return TokenStore(directory, manifest)


def find_lengths(key: StoreKey, folders: Iterable[Path]) -> tuple[Lengths, Lengths] | None:
    """Return the lengths of the texts of a store; None if it is missing or incomplete.

    Args:
        key: Key of the store.
        folders: Directories of stores.

    Returns:
        Number of tokens of each source and of each target, shapes (num_examples,).
    """
    for directory in (folder / key.digest() for folder in folders):
        manifest = read_manifest(directory)
        if manifest is not None and manifest.key == key.to_json():
            with suppress(OSError, ValueError):
                sources, targets = (
                    map_sequences(directory, side, manifest.id_type).lengths for side in SIDES
                )
                if len(sources) == len(targets) == manifest.num_examples:
                    return sources, targets
    return None


def find_writable_folder() -> Path | None:
    """Return the directory of this user's stores; None if it cannot be written."""
    folder = stores_directory()
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    return None


def choose_folder(own: Path) -> Path:
    """Return the directory of this user's stores, or one that a run has of its own.

    Args:
        own: Directory for a run where the cache cannot be written.
    """
    folder = find_writable_folder()
    if folder is None:
        say(
            f"the cache {stores_directory()} cannot be written; the tokens of this run are kept "
            f"in {own}"
        )
    return folder or own


def find_or_build_store(key: StoreKey, folder: Path, build: Callable[[Path], None]) -> TokenStore:
    """Return the store of a key, building it if it is missing or damaged.

    Args:
        key: Key of the store.
        folder: Directory of the stores.
        build: Function that writes the store to a directory.
    """
    found = find_store(key, folder)
    if found is not None:
        return found
    directory = folder / key.digest()
    with _alone(directory):
        found = find_store(key, folder)  # another run may have built it meanwhile
        if found is not None:
            return found
        build(directory)
    manifest = read_manifest(directory)
    if manifest is None:
        raise RuntimeError(f"{directory} is not the store that was just built")
    return TokenStore(directory, manifest)


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Wait until no other process builds this store.

    On a disk without locks, several processes may build the same store; the last one stays.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(directory.with_name(directory.name + LOCK_ENDING))
    with ExitStack() as stack:
        with suppress(OSError, NotImplementedError):
            try:
                stack.enter_context(lock.acquire(blocking=False))
            except Timeout:
                with track("waiting for another run that tokenizes the same data"):
                    stack.enter_context(lock.acquire())
        yield

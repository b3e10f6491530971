"""Beginnings of files on the hub, which are kept in the cache beside the complete files."""

from __future__ import annotations

import csv
import glob
import io
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO

from t5tune.hub import Snapshot, reaching
from t5tune.hub.offline import is_offline

SMALL = 4 * 2**20  # bytes; a smaller file is loaded completely
TEXT_FORMATS = ("csv", "jsonl")  # of which the first lines have the meaning that they have in all
_BLOCK_BYTES = 2 * 2**20  # of text, for each request


def is_small(snapshot: Snapshot, path: str) -> bool:
    """Return whether a file is not worth more than one request."""
    return (snapshot.files.get(path) or 0) < SMALL


def kept_path(snapshot: Snapshot, path: str, ending: str) -> Path:
    """Return where something about a file is kept in the cache."""
    place = snapshot.repository.cache / ".t5tune" / snapshot.commit / path
    return place.with_name(f"{place.name}.{ending}")


def beginning_path(snapshot: Snapshot, path: str, num: int) -> Path:
    """Return where the first rows of a file are kept."""
    return kept_path(snapshot, path, f"first-{num}{Path(path).suffix}")


def find_first_rows(snapshot: Snapshot, path: str, num: int) -> Path | None:
    """Return a file with the first rows of another one, unless they are worth a request of theirs.

    Args:
        snapshot: Data set.
        path: Path of the file in it.
        num: Number of rows.

    Returns:
        The complete file if it is cached, small, or the hub cannot be asked; or a beginning of it
        that is cached; else None.

    Raises:
        T5TuneError: The file could not be loaded.
    """
    if is_small(snapshot, path) or (snapshot.folder / path).is_file():
        return snapshot.download([path])[0]
    pattern = kept_path(snapshot, path, "first-")
    for part in pattern.parent.glob(f"{glob.escape(pattern.name)}*{Path(path).suffix}"):
        if int(part.stem.rpartition("-")[2]) >= num:
            return part
    return snapshot.download([path])[0] if is_offline() else None


@contextmanager
def open_stream(snapshot: Snapshot, path: str) -> Iterator[IO[bytes]]:
    """Open a file on the hub; each reading is a request.

    Raises:
        T5TuneError: It could not be reached; also raised when it is read.
    """
    from huggingface_hub import HfFileSystem, constants

    # A new instance: the library reuses instances, with their cached listings.
    system = HfFileSystem(endpoint=constants.ENDPOINT, skip_instance_cache=True)
    address = f"datasets/{snapshot.repository.name}@{snapshot.commit}/{path}"
    with (
        reaching(snapshot.repository, snapshot.key),
        system.open(address, "rb", cache_type="none") as stream,
    ):
        yield stream


def load_first_lines(snapshot: Snapshot, path: str, num: int, *, is_csv: bool) -> Path:
    """Return a file in the cache with at least the first rows of CSV or lines of JSON on the hub.

    Args:
        snapshot: Data set.
        path: Path of the file in it.
        num: Number of rows that are needed, without a header.
        is_csv: Whether the file is CSV.

    Returns:
        The complete file if it is cached or not much larger, else its first lines.

    Raises:
        T5TuneError: The file could not be loaded.
    """
    if (found := find_first_rows(snapshot, path, num)) is not None:
        return found
    part = beginning_path(snapshot, path, num)
    temporary = part.with_name(f"{part.name}.{os.getpid()}.tmp")
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        with open_stream(snapshot, path) as stream, temporary.open("wb") as file:
            # A file of fsspec reads like a raw one, which its types do not say.
            lines = io.BufferedReader(stream, _BLOCK_BYTES)  # type: ignore[type-var]
            copied = _copy_lines(lines, file, (snapshot.files[path] or 0) // 2)
            is_enough = _has_rows(copied, num + 1, is_csv=is_csv)
        if is_enough:
            temporary.replace(part)
            return part
    finally:
        temporary.unlink(missing_ok=True)
    return snapshot.download([path])[0]


def _copy_lines(lines: Iterable[bytes], file: IO[bytes], most: int) -> Iterator[str]:
    """Yield lines when they are copied, up to a number of bytes."""
    num_bytes = 0
    for line in lines:
        num_bytes += len(line)
        if num_bytes > most:
            return
        file.write(line)
        yield line.decode("utf-8", "replace")


def _has_rows(lines: Iterator[str], num: int, *, is_csv: bool) -> bool:
    """Read lines until they hold a number of rows, and return whether they do."""
    rows: Iterator[object] = csv.reader(lines, strict=True) if is_csv else map(str.strip, lines)
    try:
        return sum(1 for _ in islice(filter(None, rows), num)) == num
    except csv.Error:  # such as a long cell, or a lone CR that ends a row
        return False

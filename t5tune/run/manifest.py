"""Manifests: sizes and hashes of a complete directory, and the facts that it was made from."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from t5tune.console import track
from t5tune.errors import T5TuneError
from t5tune.files.hashing import hash_file
from t5tune.files.json_values import read_object
from t5tune.files.writing import write_text
from t5tune.run.directory import MODEL_CARD

MANIFEST = "manifest.json"
OWN_HASH = "manifest_sha256"

# Number of bytes that every command checks before it begins, smallest files first: configurations
# and most tokenizers, but no weights of any size. It takes 15 ms.
GLANCE_BYTES = 6_000_000

MAX_FLUSHES = 8  # files that are flushed at the same time


def write_manifest(directory: Path, facts: Mapping[str, Any]) -> None:
    """Write the size and SHA-256 of every file, once all files have reached the disk.

    The manifest is written last and marks the directory as complete. It leaves out the model card,
    which is rewritten after an evaluation and which people edit.
    """
    paths = [
        path
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path.name != MANIFEST and not path.name.startswith(MODEL_CARD)
    ]
    _open_to_readers(directory, paths)
    _flush_together(paths)
    files = {
        path.relative_to(directory).as_posix(): {
            "size": path.stat().st_size,
            "sha256": hash_file(path),
        }
        for path in paths
    }
    content = {**facts, "files": files}
    content[OWN_HASH] = _hash_content(content)
    write_text(directory / MANIFEST, json.dumps(content, indent=1) + "\n")
    flush(directory)


def _open_to_readers(directory: Path, paths: Sequence[Path]) -> None:
    """Let those read the files who may read the directory, such as a server's user.

    safetensors gives what it writes to its owner alone, whatever the umask.
    """
    readers = directory.stat().st_mode & 0o044
    for path in paths:
        mode = path.stat().st_mode
        if readers & ~mode:
            with suppress(OSError):  # file systems without modes
                path.chmod(mode | readers)


def _flush_together(paths: Sequence[Path]) -> None:
    """Flush files at the same time: of a model and its tokenizer, in a third of the time."""
    try:
        with ThreadPoolExecutor(max(1, min(len(paths), MAX_FLUSHES))) as pool:
            list(pool.map(flush, paths))
    except RuntimeError:  # no memory for their stacks, or the interpreter ends
        for path in paths:
            flush(path)


def read_manifest(directory: Path) -> dict[str, Any] | None:
    """Return the manifest, or None if it is missing or damaged."""
    content = read_object(directory / MANIFEST)
    own_hash = content.pop(OWN_HASH, None)
    is_whole = _hash_content(content) == own_hash and _are_entries(content.get("files"))
    return content if is_whole else None


def _are_entries(files: Any) -> bool:
    return isinstance(files, dict) and all(
        isinstance(entry, dict) and isinstance(entry.get("size"), int) and "sha256" in entry
        for entry in files.values()
    )


def read_fact(directory: Path, key: str) -> Any:
    """Return the value of a key in the manifest; None if it is missing or damaged."""
    return (read_manifest(directory) or {}).get(key)


def fingerprint_directory(directory: Path) -> str | None:
    """Return the hash of the whole manifest, which identifies the directory; None without one."""
    content = read_manifest(directory)
    return None if content is None else _hash_content(content)


def fingerprint_files(directory: Path) -> str | None:
    """Return a hash of the files alone, without other facts; None without a manifest."""
    content = read_manifest(directory)
    return None if content is None else _hash_content(content["files"])


@track("comparing files with their manifest")
def find_damage(directory: Path) -> str | None:
    """Return the first file that has changed since the manifest, and how; None if none has.

    Files that the manifest does not name are ignored.
    """
    return _find_damage(directory, lambda files: files)


def find_missing(directory: Path) -> str | None:
    """Find damage by names and sizes alone, which is fast enough for many directories."""
    return _find_damage(directory, lambda _: ())


def find_damage_at_a_glance(directory: Path) -> str | None:
    """Find damage by names, sizes and the content of small files, which takes milliseconds."""
    return _find_damage(directory, _choose_small)


def find_change(directory: Path) -> str | None:
    """Find damage at a glance, and in all files that were written after the manifest."""

    def choose(files: _Files) -> Collection[str]:
        touched = (name for name in files if was_touched(directory / name, directory / MANIFEST))
        return {*_choose_small(files), *touched}

    return _find_damage(directory, choose)


@contextmanager
def blaming_damage(
    find: Callable[[], str | None], refuse: Callable[[str], T5TuneError]
) -> Iterator[None]:
    """Replace the error of a library by one about damaged files, if files are damaged.

    Raises:
        T5TuneError: A file is damaged. Otherwise the library's own error is raised.
    """
    try:
        yield
    except Exception as error:
        damage = None if isinstance(error, T5TuneError) else find()
        if damage is None:
            raise
        raise refuse(damage) from error


def was_touched(path: Path, manifest: Path) -> bool:
    """Return whether a file, or its name, has changed since the manifest was written.

    It compares the time of the last status change, which programs cannot set as they can set the
    time of the last modification.
    """
    try:
        return path.stat().st_ctime_ns > manifest.stat().st_ctime_ns
    except OSError:
        return True


_Files = Mapping[str, Mapping[str, Any]]


def _choose_small(files: _Files) -> set[str]:
    small, num_bytes = set(), 0
    for name, entry in sorted(files.items(), key=lambda item: item[1]["size"]):
        num_bytes += entry["size"]
        if num_bytes > GLANCE_BYTES:
            break
        small.add(name)
    return small


def _find_damage(directory: Path, choose: Callable[[_Files], Collection[str]]) -> str | None:
    """Return what is wrong with names and sizes, and with the content of the chosen files."""
    if not (directory / MANIFEST).is_file():
        return f"{MANIFEST} is missing"
    content = read_manifest(directory)
    if content is None:
        return f"{MANIFEST} has changed since it was written"
    files: _Files = content["files"]
    to_hash = choose(files)
    for name, entry in files.items():
        path = directory / name
        try:
            size = path.stat().st_size
            if size != entry["size"]:
                return f"{name} has {size:,} bytes instead of {entry['size']:,}"
            if name in to_hash and hash_file(path) != entry["sha256"]:
                return f"{name} has changed since it was written"
        except FileNotFoundError:
            return f"{name} is missing"
        except OSError as error:
            return f"{name} cannot be read: {error.strerror}"
    return None


def remove_directory(directory: Path) -> None:
    """Delete a directory if it exists; if it is a link, delete only the link.

    The manifest is deleted first: if the process is killed, the rest does not look complete.
    """
    if directory.is_symlink():
        directory.unlink()
    elif directory.exists():
        (directory / MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(directory)


def flush(path: Path) -> None:
    """Wait until a file, or the names in a directory, have reached the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _hash_content(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

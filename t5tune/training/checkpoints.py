"""Checkpoints: which are complete, which to resume from, which to keep."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

from t5tune.run_directory import write_text

MANIFEST = "manifest.json"
PREFIX = "checkpoint-"


def write_manifest(checkpoint: Path) -> None:
    """Write the size and SHA-256 of every file. Written last, it marks the checkpoint complete."""
    files = {
        str(path.relative_to(checkpoint)): {"size": path.stat().st_size, "sha256": _hash(path)}
        for path in sorted(checkpoint.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }
    manifest = {"step": step_of(checkpoint), "files": files}
    write_text(checkpoint / MANIFEST, json.dumps(manifest, indent=1) + "\n")


def is_complete(checkpoint: Path) -> bool:
    """Whether every file of the manifest is there with its size and content."""
    try:
        files = json.loads((checkpoint / MANIFEST).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError):
        return False
    return all(
        (checkpoint / name).is_file()
        and (checkpoint / name).stat().st_size == entry["size"]
        and _hash(checkpoint / name) == entry["sha256"]
        for name, entry in files.items()
    )


def find_newest_complete(checkpoints: Path) -> tuple[Path | None, list[Path]]:
    """The newest complete checkpoint, and newer ones that had to be skipped."""
    skipped: list[Path] = []
    for checkpoint in sorted(list_checkpoints(checkpoints), key=step_of, reverse=True):
        if is_complete(checkpoint):
            return checkpoint, skipped
        skipped.append(checkpoint)
    return None, skipped


def name_last_checkpoint(checkpoints: Path) -> str:
    """Half a sentence on what can be resumed from."""
    newest, _ = find_newest_complete(checkpoints)
    return f"{newest} is the last good checkpoint" if newest else "no checkpoint was saved yet"


def remove_old(checkpoints: Path, *, keep: int, best_step: int | None) -> None:
    """Delete all but the newest `keep` checkpoints and the best one.

    The manifest goes first, so that a deletion cut short leaves no checkpoint that looks whole.
    """
    ordered = sorted(list_checkpoints(checkpoints), key=step_of)
    for checkpoint in ordered[:-keep]:
        if step_of(checkpoint) != best_step:
            (checkpoint / MANIFEST).unlink(missing_ok=True)
            shutil.rmtree(checkpoint)


def list_checkpoints(checkpoints: Path) -> list[Path]:
    """Directories named checkpoint-STEP."""
    if not checkpoints.is_dir():
        return []
    return [
        path
        for path in checkpoints.iterdir()
        if path.is_dir()
        and path.name.startswith(PREFIX)
        and path.name.removeprefix(PREFIX).isdigit()
    ]


def step_of(checkpoint: Path) -> int:
    """The optimizer step in a checkpoint's name."""
    return int(checkpoint.name.removeprefix(PREFIX))


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()

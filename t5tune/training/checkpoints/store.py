"""Checkpoints on the disk: which are complete, which one to resume from, which to delete."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from t5tune.run.manifest import find_damage, read_fact, remove_directory

PREFIX = "checkpoint-"
STAGING = "writing-"  # before the name of a checkpoint that is not complete yet

# Keys of a checkpoint's manifest.
BEST_STEP = "best_step"
ENDED = "ended"  # training ended with this checkpoint
PENDING = "validation_pending"  # a signal came before this checkpoint was validated


@dataclass(frozen=True)
class ResumePoint:
    """Checkpoint that a run resumes from."""

    checkpoint: Path | None  # newest complete one, if there is any
    skipped: Mapping[Path, str]  # newer ones, each with its fault


def find_newest_complete(checkpoints: Path) -> ResumePoint:
    """Return the newest complete checkpoint whose best one is complete too.

    A checkpoint is useful only with the one that had validated best until then: without it the
    run could not end with the same model.
    """
    skipped: dict[Path, str] = {}
    for checkpoint in sorted(list_checkpoints(checkpoints), key=step_of, reverse=True):
        damage = find_damage(checkpoint) or _find_damage_of_best(checkpoint)
        if damage is None:
            return ResumePoint(checkpoint, skipped)
        skipped[checkpoint] = damage
    return ResumePoint(None, skipped)


def _find_damage_of_best(checkpoint: Path) -> str | None:
    best_step = read_fact(checkpoint, BEST_STEP)
    if best_step is None or best_step == step_of(checkpoint):
        return None
    best = checkpoint.with_name(f"{PREFIX}{best_step}")
    damage = find_damage(best)
    return f"it needs {best.name}, of which {damage}" if damage else None


def name_last_checkpoint(checkpoints: Path) -> str:
    """Return half a sentence about what can be resumed from."""
    newest = find_newest_complete(checkpoints).checkpoint
    return f"{newest} is the last good checkpoint" if newest else "no checkpoint was saved yet"


def remove_old(checkpoints: Path, step: int, keep: Collection[int | None]) -> None:
    """Delete the checkpoints up to a step, except those of the steps to keep.

    Later checkpoints are damaged, and replaced when training gets there.
    """
    for path in list_checkpoints(checkpoints):
        if step_of(path) <= step and step_of(path) not in keep:
            remove_directory(path)


def remove_unfinished(checkpoints: Path) -> None:
    """Delete what a process left that was killed while it wrote."""
    for path in checkpoints.glob(f"{STAGING}{PREFIX}*"):
        remove_directory(path)


def list_checkpoints(checkpoints: Path) -> list[Path]:
    """Return the directories named checkpoint-STEP."""
    if not checkpoints.is_dir():
        return []
    return [
        path
        for path in checkpoints.iterdir()
        if path.is_dir()
        and not path.is_symlink()  # the target of a link is not ours to delete
        and path.name.startswith(PREFIX)
        and path.name.removeprefix(PREFIX).isdecimal()
    ]


def step_of(checkpoint: Path) -> int:
    """Return the optimizer step in a checkpoint's name."""
    return int(checkpoint.name.removeprefix(PREFIX))

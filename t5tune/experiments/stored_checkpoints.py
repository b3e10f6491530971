"""The checkpoints of a run, with what each of them is for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from t5tune.experiments.run_summary import count_bytes
from t5tune.run.directory import RunDirectory
from t5tune.run.manifest import find_missing, read_fact
from t5tune.training.checkpoints.store import BEST_STEP, list_checkpoints, step_of


@dataclass(frozen=True)
class StoredCheckpoint:
    """A checkpoint on the disk.

    Attributes:
        is_best: Whether the newest complete checkpoint names it as the one that validated best.
        is_last: Whether it is the newest complete one, from which training would continue.
        damage: What is missing, by names and sizes alone; None if nothing is.
    """

    path: Path
    step: int
    num_bytes: int
    is_best: bool
    is_last: bool
    damage: str | None


def list_stored_checkpoints(run: RunDirectory) -> list[StoredCheckpoint]:
    """Return the checkpoints of a run, oldest first."""
    paths = sorted(list_checkpoints(run.checkpoints), key=step_of)
    damages = {path: find_missing(path) for path in paths}
    last = next((path for path in reversed(paths) if damages[path] is None), None)
    best_step = None if last is None else read_fact(last, BEST_STEP)
    return [
        StoredCheckpoint(
            path,
            step_of(path),
            count_bytes(path),
            is_best=step_of(path) == best_step,
            is_last=path == last,
            damage=damages[path],
        )
        for path in paths
    ]

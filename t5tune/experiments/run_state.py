"""The state of a run, from its files, by names and sizes alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from t5tune.recipe.schema import Recipe
from t5tune.run.directory import RunDirectory
from t5tune.run.failure import read_failure
from t5tune.run.lock import find_holder
from t5tune.run.manifest import find_missing
from t5tune.training.checkpoints.store import list_checkpoints, step_of
from t5tune.training.preparation.run_choice import is_finished

StateName = Literal["running", "interrupted", "finished", "failed", "damaged"]
STATES: tuple[StateName, ...] = get_args(StateName)


@dataclass(frozen=True)
class RunState:
    """State of a run, with its reason where there is one to tell.

    Attributes:
        reason: Process that trains, error that ended the training, or what is damaged.
        next_command: What an error suggested; empty if nothing.
    """

    name: StateName
    reason: str = ""
    next_command: str = ""


def find_state(run: RunDirectory, recorded: Recipe | None) -> RunState:
    """Return the state of a run.

    Args:
        recorded: Recipe that the run began with; None where it cannot be read.
    """
    if (holder := find_holder(run)) is not None:
        return RunState("running", holder)
    if recorded is not None and is_finished(run, recorded):
        return RunState("finished")
    failure = read_failure(run)
    if (damage := _find_damage(run, recorded)) is not None:
        return RunState("damaged", damage)
    if failure is not None:
        return RunState("failed", failure.message, failure.next_command)
    return RunState("interrupted")


def _find_damage(run: RunDirectory, recorded: Recipe | None) -> str | None:
    """Return what keeps an unfinished run from being continued or used."""
    checkpoints = sorted(list_checkpoints(run.checkpoints), key=step_of, reverse=True)
    begun = (run.environment, run.recipe, run.model, *checkpoints)
    if recorded is None and any(path.exists() for path in begun):
        return f"{run.environment.name} is missing or damaged"
    if run.model.is_dir() and (damage := find_missing(run.model)) is not None:
        return f"{run.model.name}: {damage}"
    damages = [(path, find_missing(path)) for path in checkpoints]
    if damages and all(damage is not None for _, damage in damages):
        path, damage = damages[0]
        return f"{path.name}: {damage}"
    return None

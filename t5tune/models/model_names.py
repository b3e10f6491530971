"""Resolves the name of a model: a run, a directory or a hub id. Imports no model library."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

from t5tune.errors import T5TuneError
from t5tune.models.families import find_owner
from t5tune.run.directory import (
    RUNS,
    RunDirectory,
    choose_run_directory,
    continuing_command,
    find_directory,
    holds_model,
    look_for_runs,
    name_runs,
    refuse_run,
)

# Encoder-decoder models whose names on the hub have no owner, as in its early days.
_WITHOUT_OWNER = ("t5-small", "t5-base", "t5-large", "t5-3b", "t5-11b")


def choose_model(name: str | None) -> str:
    """Return the run, the directory or the hub id that was named; else the newest finished run.

    The newest run is named on stderr. The hub is not asked.

    Raises:
        T5TuneError: The name can mean none of these, or no name is given and no run is finished.
    """
    if name is None:
        return str(choose_run_directory(None).path)
    if (directory := find_directory(name)) is not None:
        _check_directory(directory)
        return str(directory)
    if name in _WITHOUT_OWNER:
        return f"google-t5/{name}"
    if not may_be_hub_id(name):
        raise refuse_model(name)
    return name


def _check_directory(directory: Path) -> None:
    """Refuse early what the loaders would refuse after seconds of imports."""
    run = RunDirectory(directory)
    if run.is_run or holds_model(directory):
        return
    if holds_model(run.model):
        raise T5TuneError(
            f"{directory} is not a run, but {run.model} in it is a model.",
            next_command=f"name {run.model} instead",
        )
    if run.environment.is_file():
        raise T5TuneError(
            f"{directory} has no model yet: its training has not begun.",
            next_command=f"{continuing_command(run)}   # begins it",
        )
    hint = "." if directory.parent == RUNS else name_runs(directory.name) or "."
    raise T5TuneError(
        f"{directory} holds neither a run nor a model{hint}",
        next_command=look_for_runs(),
    )


def may_be_hub_id(name: str) -> bool:
    """Return whether this could be the name of a model on the hub that t5tune can open."""
    if name in _WITHOUT_OWNER:
        return True
    has_form = re.fullmatch(r"\w[\w.-]*/[\w.-]+", name, re.ASCII) is not None
    return has_form and Path(name).parent != RUNS


def refuse_model(name: str) -> T5TuneError:
    """Return the error for a name that cannot be a run, a directory or a model on the hub."""
    if "/" in name:
        return refuse_run(name, "a directory")
    hint = suggest_owner(name) or name_runs(name) or "."
    return T5TuneError(
        f"{name} is neither a run nor a directory, and the name of a model on the hub has an owner "
        f"and a slash{hint}",
        next_command=f"{look_for_runs()}   # a model on the hub: OWNER/NAME",
    )


def suggest_owner(name: str) -> str:
    """Return the end of a sentence that proposes an owner for a hub name; empty if unknown."""
    if near := difflib.get_close_matches(name, _WITHOUT_OWNER, n=1, cutoff=0.8):
        return f"; did you mean google-t5/{near[0]}?"
    owner = find_owner(name)
    return f"; did you mean {owner}/{name}?" if owner else ""

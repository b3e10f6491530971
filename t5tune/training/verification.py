"""Verification that a run is still as its training wrote it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from t5tune.decoding.export.settings import (
    is_export,
    is_fresh,
    list_exports,
    read_export,
    remake_command,
)
from t5tune.decoding.found_model import load_for_translation
from t5tune.errors import T5TuneError
from t5tune.files.json_values import read_object
from t5tune.run.directory import RunDirectory, continuing_command
from t5tune.run.manifest import find_damage
from t5tune.training.checkpoints.store import list_checkpoints, step_of


@dataclass(frozen=True)
class Check:
    """One check of a run."""

    path: Path  # path in the run
    what: str  # name of what was checked
    problem: str | None = None


def verify_run(run: RunDirectory) -> Iterator[Check]:
    """Compare every file that has a manifest with it, load the model and let it translate.

    Of a run without a model only the checkpoints are checked.

    Raises:
        T5TuneError: The run has neither a checkpoint nor a model.
    """
    checkpoints = sorted(list_checkpoints(run.checkpoints), key=step_of)
    if not checkpoints and not run.model.is_dir():
        raise T5TuneError(
            f"{run.path} holds neither a checkpoint nor a model.",
            next_command="t5tune verify RUN   # a directory that t5tune train wrote",
        )
    for checkpoint in checkpoints:
        yield Check(checkpoint, "manifest", find_damage(checkpoint))
    if run.adapter.is_dir():
        yield Check(run.adapter, "manifest", find_damage(run.adapter))
    if run.model.is_dir():
        yield from verify_model(run)
        for export in list_exports(run):
            yield Check(export, "export", _find_damaged_export(export, run))


def refuse_damaged(run: RunDirectory, checks: Sequence[Check]) -> T5TuneError | None:
    """Return the error for failed checks, with the command that repairs the first; or None."""
    bad = [check.path for check in checks if check.problem]
    if not bad:
        return None
    if is_export(bad[0]):
        next_command = f"{remake_command(bad[0])}   # makes it again"
    elif run.model.is_dir() and run.model not in bad:
        damaged = shlex.quote(str(bad[0]))
        next_command = f"rm -r {damaged}   # the model is complete and needs no checkpoint"
    else:
        next_command = f"{continuing_command(run)}   # from complete checkpoints"
    return T5TuneError(
        f"{len(bad)} of {len(checks)} checks of {run.path} failed.", next_command=next_command
    )


def check_before_export(run: RunDirectory) -> None:
    """Refuse to export a model that is not what training left behind.

    Raises:
        T5TuneError: The model is damaged, or translates differently.
    """
    for check in verify_model(run):
        if check.problem is not None:
            raise T5TuneError(
                f"{check.path}: {check.problem}; it is not exported.",
                next_command=f"t5tune verify {run.path}",
            )


def verify_model(run: RunDirectory) -> Iterator[Check]:
    """Compare the model with its manifest, load it and let it translate."""
    damage = find_damage(run.model)
    yield Check(run.model, "manifest", damage)
    if damage is None:
        yield Check(run.model, "translation", _find_other_translation(run))


def _find_damaged_export(directory: Path, run: RunDirectory) -> str | None:
    if damage := find_damage(directory):
        return damage
    try:
        export = read_export(directory)
    except T5TuneError as error:
        return error.message
    return None if is_fresh(export, run) else f"made from other weights: t5tune export {run.path}"


def _find_other_translation(run: RunDirectory) -> str | None:
    """Return how the translation of the stored sentence differs from the stored one."""
    smoke = read_object(run.smoke)
    source, expected = smoke.get("source"), smoke.get("hypothesis")
    if not isinstance(source, str) or not isinstance(expected, str):
        return f"{run.smoke.name} holds no sentence with its translation"
    try:
        hypothesis = load_for_translation(str(run.path)).translate_sentence(source)
    except T5TuneError as error:
        return error.message
    if hypothesis == expected:
        return None
    return (
        f"{source!r} was translated as {expected!r} on {smoke.get('device')} when the model was "
        f"saved, and is {hypothesis!r} now"
    )

"""What can be deleted of runs, by rules, and deleting it.

The best checkpoint and the newest complete one stay, and nothing of a running run is touched.
"""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from t5tune.errors import T5TuneError
from t5tune.experiments.run_state import STATES, StateName, find_state
from t5tune.experiments.run_summary import count_bytes
from t5tune.experiments.stored_checkpoints import list_stored_checkpoints
from t5tune.recipe.schema import Recipe
from t5tune.run.directory import RunDirectory
from t5tune.run.lock import lock_run
from t5tune.run.manifest import find_damage, remove_directory
from t5tune.training.checkpoints.resuming import recorded_recipe
from t5tune.training.checkpoints.store import PREFIX, STAGING

_DAYS = {"h": 1 / 24, "d": 1.0, "w": 7.0, "m": 30.0, "y": 365.0}
_AGE = re.compile(rf"(\d+(?:\.\d+)?) ?([{''.join(_DAYS)}]?)")
_SECONDS_OF_A_DAY = 86_400


@dataclass(frozen=True)
class PruneRules:
    """Which runs are pruned, and what of them goes.

    Attributes:
        keep_checkpoints: Number of newest complete checkpoints that stay, beside the best one.
        older_than_days: Only runs in which nothing was written for so long.
        states: Only runs in one of these states; all if there are none.
        caches: Whether `cache/` goes, which can be made again.
        whole_runs: Whether everything goes.
    """

    keep_checkpoints: int = 1
    older_than_days: float = 0.0
    states: Collection[str] = ()
    caches: bool = False
    whole_runs: bool = False


@dataclass(frozen=True)
class Removal:
    """A directory that goes."""

    run: RunDirectory
    path: Path
    num_bytes: int
    reason: str

    def to_json(self) -> dict[str, object]:
        """Return JSON values."""
        return {
            "run": str(self.run.path),
            "path": str(self.path),
            "num_bytes": self.num_bytes,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class Spared:
    """A run that the rules would have pruned, and why it is left alone."""

    run: RunDirectory
    reason: str


def read_age(text: str) -> float:
    """Return a number of days: `30`, `30d`, `12h`, `2w`, `6m` or `1y`.

    Raises:
        T5TuneError: The text is not an age.
    """
    found = _AGE.fullmatch(text.strip())
    if found is None:
        raise T5TuneError(
            f"--older-than {text} is not an age: hours, days, weeks, months or years are expected.",
            next_command="--older-than 30d   # or 12h, 2w, 6m, 1y",
        )
    return float(found[1]) * _DAYS[found[2] or "d"]


def check_rules(rules: PruneRules, *, names_runs: bool) -> None:
    """Refuse to remove whole runs of which nobody has said which.

    Raises:
        T5TuneError: Neither runs nor states are named.
    """
    if rules.whole_runs and not names_runs and not rules.states:
        raise T5TuneError(
            "--whole-runs removes models and reports too, and no run and no state is named.",
            next_command="t5tune runs prune --whole-runs --state failed   # or name the runs",
        )
    unknown = [state for state in rules.states if state not in STATES]
    if unknown:
        raise T5TuneError(
            f"--state {unknown[0]}: there are {', '.join(STATES)}.",
            next_command="t5tune runs   # shows the state of each",
        )


def plan_pruning(runs: Iterable[RunDirectory], rules: PruneRules) -> Iterator[Removal | Spared]:
    """Yield what the rules remove, by names and sizes alone, and the runs that they spare."""
    for run in runs:
        found = plan_run(run, rules)
        if isinstance(found, Spared):
            yield found
        else:
            yield from found


def plan_run(run: RunDirectory, rules: PruneRules) -> list[Removal] | Spared:
    """Return what the rules remove of a run, or why it is spared although they mean it."""
    recorded = recorded_recipe(run)
    state = find_state(run, recorded)
    if rules.states and state.name not in rules.states:
        return []
    if _count_days(run) < rules.older_than_days:
        return []
    if state.name == "running":
        return Spared(run, f"it is running ({state.reason})")
    if run.path.is_symlink():
        return Spared(run, "it is a link")
    return _plan_parts(run, rules, state.name, recorded)


def _plan_parts(
    run: RunDirectory, rules: PruneRules, state: StateName, recorded: Recipe | None
) -> list[Removal] | Spared:
    if rules.whole_runs:
        return [Removal(run, run.path, count_bytes(run.path), f"a run that is {state}")]
    removals = []
    cache = run.path / "cache"
    if rules.caches and cache.is_dir():
        removals.append(Removal(run, cache, count_bytes(cache), "can be made again"))
    for path in sorted(run.checkpoints.glob(f"{STAGING}{PREFIX}*")):
        reason = "was being written when the training was killed"
        removals.append(Removal(run, path, count_bytes(path), reason))
    averaged = None if recorded is None else recorded.training.average_checkpoints
    if averaged and state != "finished":
        # The end of the training averages the newest ones, which are more than the best and last.
        return removals or Spared(run, "training.average_checkpoints needs its checkpoints")
    return removals + list(_plan_checkpoints(run, rules.keep_checkpoints))


def _plan_checkpoints(run: RunDirectory, num_kept: int) -> Iterator[Removal]:
    """Yield the checkpoints that go; none if none is complete, since one may be repaired."""
    stored = list_stored_checkpoints(run)
    whole = [one for one in stored if one.damage is None]
    newest = {one.path for one in whole[-num_kept:]}
    for one in stored:
        if whole and one.path not in newest and not one.is_best:
            reason = one.damage or "neither the best nor among the newest"
            yield Removal(run, one.path, one.num_bytes, reason)


def _count_days(run: RunDirectory) -> float:
    """Return the days since anything was written into the run by its training or evaluation."""
    newest = 0.0
    for path in (run.environment, run.log, run.failure, run.model, run.checkpoints, run.path):
        try:
            newest = max(newest, path.stat().st_mtime)
        except OSError:
            continue
    return (time.time() - newest) / _SECONDS_OF_A_DAY


def prune_runs(
    planned: Iterable[Removal | Spared], rules: PruneRules
) -> Iterator[Removal | Spared]:
    """Remove what was planned, run by run, and yield each part once it is gone.

    A run that cannot be pruned is yielded with the reason, and the others go on.
    """
    pruned: set[Path] = set()
    for one in planned:
        if isinstance(one, Spared):
            yield one
        elif one.run.path not in pruned:
            pruned.add(one.run.path)
            try:
                yield from _prune_run(one.run, rules)
            except T5TuneError as error:
                yield Spared(one.run, error.message)


def _prune_run(run: RunDirectory, rules: PruneRules) -> Iterator[Removal]:
    """Remove what the rules remove of a run, and yield each part once it is gone.

    The run is locked meanwhile, so that no training begins in it. Before a checkpoint goes, the
    files of those that stay are compared with their hashes.

    Raises:
        T5TuneError: The run is in use, a checkpoint that would stay is damaged, or something cannot
            be removed.
    """
    recorded = recorded_recipe(run)
    state = find_state(run, recorded)
    with lock_run(run):
        found = _plan_parts(run, rules, state.name, recorded)
        removals = [] if isinstance(found, Spared) else found
        gone = {removal.path for removal in removals}
        if any(path.parent == run.checkpoints for path in gone):
            _check_kept(run, gone)
        for removal in removals:
            try:
                remove_directory(removal.path)
            except OSError as error:
                raise T5TuneError(
                    f"{error.filename or removal.path} cannot be removed: {error.strerror}.",
                    next_command=f"ls -ld {shlex.quote(str(removal.path))}",
                ) from error
            yield removal


def _check_kept(run: RunDirectory, gone: Collection[Path]) -> None:
    kept = [one for one in list_stored_checkpoints(run) if one.path not in gone]
    for one in kept:
        if (damage := find_damage(one.path)) is not None:
            raise T5TuneError(
                f"{one.path} would be kept, but {damage}; nothing of this run was removed.",
                next_command=f"t5tune verify {shlex.quote(str(run.path))}",
            )

"""Finding runs: all of a directory, sweeps included, or one by its name."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from t5tune.console import say
from t5tune.errors import T5TuneError
from t5tune.run.directory import RUNS, RunDirectory, find_directory, refuse_run
from t5tune.run.lock import find_holder


def find_runs(directory: Path) -> list[RunDirectory]:
    """Return the runs in a directory and in those of its directories that are not runs.

    The latter are sweeps, or what people keep together. A run has only itself.

    Raises:
        T5TuneError: The directory does not exist or cannot be read.
    """
    if not directory.is_dir():
        if directory == RUNS:
            return []
        what = "is a file, not a directory" if directory.is_file() else "does not exist"
        raise T5TuneError(f"{directory} {what}.", next_command="t5tune runs   # those in runs/")
    try:
        return list(_find_runs(directory, depth=2))
    except PermissionError as error:
        raise T5TuneError(
            f"{error.filename} cannot be read: {error.strerror}.",
            next_command=f"ls -ld {shlex.quote(str(error.filename))}",
        ) from error


def _find_runs(directory: Path, depth: int) -> Iterator[RunDirectory]:
    run = RunDirectory(directory)
    if run.is_begun:
        yield run
    elif depth:
        for path in sorted(directory.iterdir()):
            if path.is_dir():
                yield from _find_runs(path, depth - 1)


def find_run(name: str | Path) -> RunDirectory:
    """Return a run that was named, finished or not.

    Raises:
        T5TuneError: It does not exist, or the directory is not a run.
    """
    directory = find_directory(str(name))
    if directory is None or not RunDirectory(directory).is_begun:
        raise refuse_run(name)
    return RunDirectory(directory)


def find_newest_begun() -> RunDirectory:
    """Return the run that was started or continued last, of those that train if any does.

    Raises:
        T5TuneError: There is no run.
    """
    runs = find_runs(RUNS)
    if not runs:
        raise T5TuneError(f"there is no run under {RUNS}/.", next_command="t5tune train RECIPE")
    training = [run for run in runs if find_holder(run) is not None]
    newest = max(training or runs, key=last_start)
    say(f"using {newest.path}")
    return newest


def last_start(run: RunDirectory) -> float:
    """Return when a run was last started or continued, in seconds since 1970."""
    for path in (run.environment, run.path):
        with suppress(OSError):
            return path.stat().st_mtime
    return 0.0


def find_named_runs(names: Iterable[str]) -> list[RunDirectory]:
    """Return runs that were named by themselves or by the directory that holds them.

    Raises:
        T5TuneError: A name is neither.
    """
    found: dict[Path, RunDirectory] = {}
    for name in names:
        directory = find_directory(name)
        runs = [] if directory is None else find_runs(directory)
        if not runs:
            raise refuse_run(name, "a run, nor a directory that holds runs")
        found |= {run.path: run for run in runs}
    return list(found.values())

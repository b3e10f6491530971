"""Which model, or which run, a command works on."""

from __future__ import annotations

from t5tune.console import say
from t5tune.run.directory import RunDirectory, find_directory, find_newest_run, refuse_run


def choose_model(name: str | None) -> str:
    """The run, the directory or the hub id that was named; else the newest finished run.

    Which run that is is said on stderr.

    Raises:
        T5TuneError: The name can mean none of these, or none was named and no run is there.
    """
    from t5tune.models.model_names import find_model_path

    return str(_choose_newest().path) if name is None else find_model_path(name)


def choose_run(name: str | None) -> RunDirectory:
    """The run that was named, or the newest finished one, which is then said on stderr.

    Raises:
        T5TuneError: There is no such run.
    """
    if name is None:
        return _choose_newest()
    directory = find_directory(name)
    if directory is None:
        raise refuse_run(name)
    return RunDirectory(directory)


def _choose_newest() -> RunDirectory:
    newest = find_newest_run()
    say(f"using {newest.path}")
    return newest

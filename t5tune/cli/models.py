"""Which model a command works on."""

from __future__ import annotations

import typer


def choose_model(name: str | None) -> str:
    """The model that was named, or the newest finished run, which is then said on stderr.

    Raises:
        T5TuneError: None was named and no run is there.
    """
    from t5tune.run_directory import find_newest_run

    if name is not None:
        return name
    newest = find_newest_run()
    typer.echo(f"using {newest.path}", err=True)
    return str(newest.path)

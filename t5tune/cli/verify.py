"""`t5tune verify`: is a run still what its training left behind?"""

from __future__ import annotations

from typing import Annotated

import typer

from t5tune.cli.completion import complete_run
from t5tune.cli.results import print_data, print_text
from t5tune.console import say, track


def verify(
    run: Annotated[
        str | None,
        typer.Argument(
            help="A run; the newest finished one if left out.", autocompletion=complete_run
        ),
    ] = None,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the checks as JSON on stdout.")
    ] = False,
) -> None:
    """Compare checkpoints and model with their manifests; load the model and let it translate."""
    import json
    import shlex

    from t5tune.cli.model_options import choose_run
    from t5tune.decoding.export.settings import is_export, remake_command
    from t5tune.errors import T5TuneError
    from t5tune.run.directory import continuing_command

    directory = choose_run(run)
    if not directory.checkpoints.is_dir() and not directory.model.is_dir():
        raise T5TuneError(
            f"{directory.path} holds neither a checkpoint nor a model.",
            next_command="t5tune verify RUN   # a directory that t5tune train wrote",
        )
    with track("importing PyTorch and Transformers"):
        from t5tune.training.verification import verify_run

    checks = []
    for check in verify_run(directory):
        checks.append(check)
        if not json_output:
            problem = f": {check.problem}" if check.problem else ""
            state = "bad" if check.problem else "ok "
            print_text(f"{state}  {check.path}  {check.what}{problem}")
    if json_output:
        rows = [
            {"path": str(check.path), "what": check.what, "problem": check.problem}
            for check in checks
        ]
        print_data(json.dumps({"run": str(directory.path), "checks": rows}, ensure_ascii=False))
    if not directory.model.is_dir():
        say("there is no model yet: its training has not finished")
    bad = [check.path for check in checks if check.problem]
    if bad:
        damaged = shlex.quote(str(bad[0]))
        if is_export(bad[0]):
            next_command = f"{remake_command(bad[0])}   # makes it again"
        elif directory.model.is_dir() and directory.model not in bad:
            next_command = f"rm -r {damaged}   # the model is whole and needs no checkpoint"
        else:
            next_command = f"{continuing_command(directory)}   # from checkpoints that are whole"
        raise T5TuneError(
            f"{len(bad)} of {len(checks)} checks of {directory.path} failed.",
            next_command=next_command,
        )

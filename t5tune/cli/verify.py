"""`t5tune verify`: check whether a run is still what its training wrote."""

from __future__ import annotations

from typing import Annotated

import typer

from t5tune.cli.results import print_data, print_text
from t5tune.cli.shared_options import AllowModelCode, FinishedRun, proposing_permission
from t5tune.console import say
from t5tune.distributed.torch_import import importing_torch


def verify(
    run: FinishedRun = None,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the checks as JSON on stdout.")
    ] = False,
    allow_code: AllowModelCode = False,
) -> None:
    """Compare checkpoints and model with their manifests, and translate with the model."""
    import json

    from t5tune.errors import T5TuneError
    from t5tune.models.permission import permission_for, permitting
    from t5tune.run.directory import choose_run_directory

    directory = choose_run_directory(run)
    if not directory.checkpoints.is_dir() and not directory.model.is_dir():
        raise T5TuneError(
            f"{directory.path} holds neither a checkpoint nor a model.",
            next_command="t5tune verify RUN   # a directory that t5tune train wrote",
        )
    with importing_torch():
        from t5tune.training.verification import refuse_damaged, verify_run

    with proposing_permission():
        permission = permission_for(str(directory.path), allow_code=allow_code)
    checks = []
    with permitting(permission):
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
        say("the run has no model yet: its training has not finished")
    if error := refuse_damaged(directory, checks):
        raise error

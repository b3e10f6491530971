"""`t5tune export`: a run's model for CTranslate2."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from t5tune.cli.completion import complete_run
from t5tune.cli.results import print_data, print_text
from t5tune.console import track

if TYPE_CHECKING:
    from t5tune.run.directory import RunDirectory


def export(
    run: Annotated[
        str | None,
        typer.Argument(
            help="A run; the newest finished one if left out.", autocompletion=complete_run
        ),
    ] = None,
    quantization: Annotated[
        str, typer.Option(help="int8, int8_bfloat16, float16, bfloat16 or float32.")
    ] = "int8",
    patience: Annotated[
        float | None,
        typer.Option(
            min=1, max=10, help="Beam search ends after beams times this many hypotheses (2)."
        ),
    ] = None,
    output_dir: Annotated[
        Path | None,
        typer.Option(help="Instead of the run, where t5tune translate finds it."),
    ] = None,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the comparison as JSON, as in parity.json.")
    ] = False,
) -> None:
    """Convert a model for CTranslate2 and compare the two on the validation examples."""
    import json
    from dataclasses import asdict

    from t5tune.cli.model_options import choose_run
    from t5tune.decoding.export.settings import PATIENCE, QUANTIZATIONS
    from t5tune.errors import T5TuneError, did_you_mean

    if quantization not in QUANTIZATIONS:
        raise T5TuneError(
            f"--quantization: there is no {quantization}"
            f"{did_you_mean(quantization, QUANTIZATIONS)}",
            next_command=f"use one of {', '.join(QUANTIZATIONS)}",
        )
    directory = choose_run(run)
    _check_run(directory)
    with track("importing PyTorch and Transformers"):
        from t5tune.decoding.export.parity import describe_parity, export_run, say_export

    made, parity = export_run(
        directory, quantization, output_dir=output_dir, patience=patience or PATIENCE
    )
    say_export(made, parity, directory)
    if json_output:
        print_data(json.dumps({"path": str(made.path), **asdict(parity)}, ensure_ascii=False))
    else:
        print_text(f"{made.path}  {describe_parity(parity)}")


def _check_run(run: RunDirectory) -> None:
    """Refuse to export what is not what training left behind."""
    from t5tune.errors import T5TuneError
    from t5tune.models.directories import check_run

    if not run.is_run:
        raise T5TuneError(
            f"{run.path} is not a finished run.", next_command="t5tune export RUN   # another one"
        )
    check_run(run)
    from t5tune.training.verification import verify_model

    for check in verify_model(run):
        if check.problem is not None:
            raise T5TuneError(
                f"{check.path}: {check.problem}; it is not exported.",
                next_command=f"t5tune verify {run.path}",
            )

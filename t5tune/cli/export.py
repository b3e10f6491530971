"""`t5tune export`: convert a run's model for CTranslate2."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from t5tune.cli.results import print_data, print_text
from t5tune.cli.shared_options import AllowModelCode, FinishedRun, proposing_permission
from t5tune.distributed.torch_import import importing_torch


def export(
    run: FinishedRun = None,
    quantization: Annotated[
        str,
        typer.Option(
            help="Type of weights: int8, int8_float16 (on a GPU), int8_bfloat16, float16, bfloat16 "
            "or float32."
        ),
    ] = "int8",
    patience: Annotated[
        float | None,
        typer.Option(
            min=1, max=10, help="Beam search ends after this factor times num_beams hypotheses (2)."
        ),
    ] = None,
    output_dir: Annotated[
        Path | None,
        typer.Option(
            help="Directory for the export; the run, where t5tune translate finds it, if left out."
        ),
    ] = None,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the comparison as JSON, as in parity.json.")
    ] = False,
    allow_code: AllowModelCode = False,
) -> None:
    """Convert a model for CTranslate2 and compare both on the validation examples."""
    import json

    from t5tune.decoding.export.settings import PATIENCE, check_quantization
    from t5tune.models.directories import check_exportable
    from t5tune.models.permission import permission_for, permitting
    from t5tune.run.directory import choose_run_directory

    check_quantization(quantization)
    directory = choose_run_directory(run)
    check_exportable(directory)
    with importing_torch():
        from t5tune.decoding.export.parity import describe_parity, export_run
        from t5tune.training.verification import check_before_export

    with proposing_permission():
        permission = permission_for(str(directory.path), allow_code=allow_code)
    with permitting(permission):
        check_before_export(directory)
        made, parity = export_run(
            directory, quantization, output_dir=output_dir, patience=patience or PATIENCE
        )
    if json_output:
        print_data(json.dumps({"path": str(made.path), **parity.to_json()}, ensure_ascii=False))
    else:
        print_text(f"{made.path}  {describe_parity(parity)}")

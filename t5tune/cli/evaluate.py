"""`t5tune eval`: a report for a run, a model directory or a hub id."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from t5tune.cli.completion import (
    complete_engine,
    complete_metric,
    complete_recipe,
    complete_run,
    complete_tried,
)
from t5tune.cli.foreign_metrics import AllowCode, repeating_with_allow_code
from t5tune.cli.process_options import NumProcesses, launch_if_asked
from t5tune.cli.results import print_result, printing_what_is_not_written
from t5tune.distributed.processes import is_main_process, joined


def evaluate(
    run: Annotated[
        str | None,
        typer.Argument(
            help="A run, a model directory or a hub id; the newest run if left out.",
            autocompletion=complete_run,
        ),
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEY=VALUE]...",
            help="Keys of decoding or evaluation to try, as in decoding.length_penalty=1.2; the "
            "report goes beside the stored one.",
            autocompletion=complete_tried,
        ),
    ] = None,
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    recipe: Annotated[
        str | None,
        typer.Option(
            help="Where a model that is not a run takes data, decoding and metrics from.",
            autocompletion=complete_recipe,
        ),
    ] = None,
    source: Annotated[
        Path | None, typer.Option(help="Evaluate on this text file, one source a line …")
    ] = None,
    reference: Annotated[
        list[Path] | None, typer.Option(help="… against this one; again for more references.")
    ] = None,
    source_lang: Annotated[
        str | None, typer.Option(help="For a model that is not a run, without --recipe.")
    ] = None,
    target_lang: Annotated[
        str | None, typer.Option(help="For a model that is not a run, without --recipe.")
    ] = None,
    prefix: Annotated[
        str | None,
        typer.Option(help="Before every source, for a model that is not a run, without --recipe."),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            help="Instead of the recipe's; again for more.", autocompletion=complete_metric
        ),
    ] = None,
    num_beams: Annotated[int | None, typer.Option(min=1, help="Instead of the recipe's.")] = None,
    engine: Annotated[
        str,
        typer.Option(
            help="torch (fp32), ctranslate2 or one export: ctranslate2-int8 …",
            autocompletion=complete_engine,
        ),
    ] = "torch",
    output_dir: Annotated[
        Path | None,
        typer.Option(help="Where hypotheses.txt and the reports go (default: in the run)."),
    ] = None,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the report as JSON, as in report.json.")
    ] = False,
    no_cache: Annotated[
        bool,
        typer.Option("--no-cache", help="Generate everything, even what is in the cache."),
    ] = False,
    num_processes: NumProcesses = "1",
    allow_code: AllowCode = False,
) -> None:
    """Translate a test set and score it; the numbers are sacreBLEU's."""
    import t5tune

    launch_if_asked(num_processes)
    named, settings = _split_arguments(run, overrides)
    with joined():
        with repeating_with_allow_code(), printing_what_is_not_written(as_json=json_output):
            report = t5tune.evaluate(
                named,
                *settings,
                split=split,
                recipe=recipe,
                source_file=source,
                reference_files=reference or (),
                source_lang=source_lang,
                target_lang=target_lang,
                prefix=prefix,
                metrics=metric,
                num_beams=num_beams,
                engine=engine,
                output_dir=output_dir,
                use_cache=not no_cache,
                allow_code=allow_code,
            )
        if is_main_process():
            print_result(report, as_json=json_output)


def _split_arguments(
    run: str | None, overrides: Sequence[str] | None
) -> tuple[str | None, list[str]]:
    """The run and the settings: `t5tune eval decoding.num_beams=8` means the newest run."""
    settings = list(overrides or [])
    if run is not None and "=" in run and not Path(run).exists():
        return None, [run, *settings]
    return run, settings

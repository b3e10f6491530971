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
    complete_tried,
)
from t5tune.cli.process_options import NumProcesses, launch_if_asked
from t5tune.cli.results import print_result, printing_what_is_not_written
from t5tune.cli.shared_options import (
    AllowCode,
    AllowPickle,
    JsonReport,
    Model,
    Prefix,
    SourceLang,
    TargetLang,
    proposing_permission,
)
from t5tune.distributed.processes import is_main_process, joined


def evaluate(
    run: Model = None,
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEY=VALUE]...",
            help="Decoding or evaluation keys to try, such as decoding.length_penalty=1.2; the "
            "report is written beside the stored one.",
            autocompletion=complete_tried,
        ),
    ] = None,
    split: Annotated[str, typer.Option(help="Split: train, validation or test.")] = "test",
    recipe: Annotated[
        str | None,
        typer.Option(
            help="Recipe with data, decoding and metrics for a model that is not a run.",
            autocompletion=complete_recipe,
        ),
    ] = None,
    source: Annotated[
        Path | None, typer.Option(help="Text file with one source per line, to evaluate on.")
    ] = None,
    reference: Annotated[
        list[Path] | None, typer.Option(help="File with one reference per line; repeat for more.")
    ] = None,
    source_lang: SourceLang = None,
    target_lang: TargetLang = None,
    prefix: Prefix = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            help="Metric instead of the recipe's; repeatable.", autocompletion=complete_metric
        ),
    ] = None,
    num_beams: Annotated[
        int | None, typer.Option(min=1, help="Beam size instead of the recipe's.")
    ] = None,
    engine: Annotated[
        str,
        typer.Option(
            help="torch (fp32), ctranslate2, or one export such as ctranslate2-int8.",
            autocompletion=complete_engine,
        ),
    ] = "torch",
    output_dir: Annotated[
        Path | None,
        typer.Option(help="Directory for hypotheses.txt and the reports (default: in the run)."),
    ] = None,
    json_output: JsonReport = False,
    no_cache: Annotated[
        bool,
        typer.Option("--no-cache", help="Generate all hypotheses again, even cached ones."),
    ] = False,
    num_processes: NumProcesses = "1",
    allow_code: AllowCode = False,
    allow_pickle: AllowPickle = False,
) -> None:
    """Translate a test set and score it with sacreBLEU and other metrics."""
    import t5tune

    launch_if_asked(num_processes)
    named, settings = _split_arguments(run, overrides)
    with joined():
        with proposing_permission(), printing_what_is_not_written(as_json=json_output):
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
                allow_pickle=allow_pickle,
            )
        if is_main_process():
            print_result(report, as_json=json_output)


def _split_arguments(
    run: str | None, overrides: Sequence[str] | None
) -> tuple[str | None, list[str]]:
    """Return run and settings: `t5tune eval decoding.num_beams=8` means the newest run."""
    settings = list(overrides or [])
    if run is not None and "=" in run and not Path(run).exists():
        return None, [run, *settings]
    return run, settings

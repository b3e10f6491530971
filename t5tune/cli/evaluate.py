"""`t5tune eval`: a report for a run, a model directory or a hub id."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from t5tune.cli.completion import (
    complete_engine,
    complete_metric,
    complete_recipe,
    complete_run,
    complete_tried,
)
from t5tune.cli.foreign_metrics import AllowCode, repeating_with_allow_code
from t5tune.cli.model_options import choose_model
from t5tune.cli.process_options import NumProcesses, launch_if_asked
from t5tune.cli.results import print_result, printing_what_is_not_written
from t5tune.cli.tried_settings import split_arguments, try_settings
from t5tune.console import track
from t5tune.distributed.processes import are_several, from_first, is_first, joined

if TYPE_CHECKING:
    from t5tune.decoding.export.settings import Export
    from t5tune.recipe.schema import DataEntry, Recipe
    from t5tune.reporting.report import Report

SPLITS = ("train", "validation", "test")


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
    from t5tune.files.writing import NotWritten
    from t5tune.recipe.resolve import choose_metrics
    from t5tune.reporting.compared_systems import write_comparison
    from t5tune.reporting.report import ReportNotWritten
    from t5tune.scoring.metrics.evaluate_loading import check_foreign_metrics
    from t5tune.training.prerequisites import rehearse_recipe_scoring

    launch_if_asked(num_processes)

    def choose() -> _Task:
        entry = _text_files(source, reference)
        named, tried = split_arguments(run, overrides)
        name = choose_model(named)
        own = _choose_recipe(name, recipe, entry, source_lang, target_lang, prefix)
        settings, changes = try_settings(own, tried, name) if tried else (own, [])
        settings = _with_options(settings, metric, num_beams)
        with repeating_with_allow_code():
            check_foreign_metrics(choose_metrics(settings), allow_code=allow_code)
        rehearse_recipe_scoring(settings)
        return _choose_task(
            name, settings, split, entry, source, output_dir, _choose_engine(name, engine),
            keeps_report=num_beams is None and metric is None and recipe is None,
            changes=changes,
            purpose=settings.task if recipe is not None else "translation",
            typed=_retyped(split, engine, recipe, source, reference),
            num_beams=num_beams,
        )  # fmt: skip

    with joined():
        task = from_first(choose)
        with printing_what_is_not_written(as_json=json_output):
            report = _evaluate(task, use_cache=not no_cache, allow_code=allow_code)
            if is_first() and report.comparison is not None and task.directory is not None:
                try:
                    write_comparison(report.comparison, task.directory)
                except NotWritten as error:
                    raise ReportNotWritten(report, task.name, error) from error
    if is_first():
        print_result(report, as_json=json_output)


@dataclass(frozen=True)
class _Task:
    """What is evaluated: model, recipe, split, where reports go, and what translates."""

    name: str
    recipe: Recipe
    split: str
    directory: Path | None
    is_runs_own: bool  # the evaluation that a training ends with
    export: Export | None  # translates instead of the model itself
    beside: Path | None  # the run's own evaluation, where other settings are tried
    purpose: str  # the recipe's task; of two text files alone it is not known
    typed: tuple[str, ...]  # options, for commands that the report proposes
    settings: tuple[str, ...]  # that are tried


def _choose_engine(name: str, engine: str) -> Export | None:
    from t5tune.decoding.engines import TORCH_BF16, choose_export
    from t5tune.errors import T5TuneError

    if engine == TORCH_BF16:
        raise T5TuneError(
            f"--engine {engine} is for t5tune translate alone: a model is judged in fp32.",
            next_command=f"t5tune translate --engine {engine} --input SOURCE > OUT; "
            "t5tune score OUT --reference REFERENCE",
        )

    export = choose_export(name, engine)
    if export is not None and are_several():
        raise T5TuneError(
            f"--engine {engine} translates in one process, on all of its cores.",
            next_command="the same command without --num-processes",
        )
    return export


def _choose_task(
    name: str,
    recipe: Recipe,
    split: str,
    entry: DataEntry | None,
    source: Path | None,
    output_dir: Path | None,
    export: Export | None,
    *,
    keeps_report: bool,
    changes: list[str],
    purpose: str,
    typed: tuple[str, ...],
    num_beams: int | None,
) -> _Task:
    """The report goes into the run where it is the report of the run's own settings."""
    from t5tune.run.directory import RunDirectory

    label = split
    if entry is not None and source is not None:
        recipe = recipe.model_copy(update={"data": recipe.data.model_copy(update={"test": entry})})
        # Not where the report of the run's own split is, whatever the file is called.
        split, label = "test", source.stem if source.stem not in SPLITS else source.name
    run = RunDirectory(Path(name))
    label = label if export is None else f"{label}-{export.engine}"
    is_runs_own = False
    if output_dir is None and run.is_run and keeps_report:
        output_dir = run.tried_evaluation(label, changes) if changes else run.evaluation(label)
        judged_by = "test" if recipe.data.test is not None else "validation"
        is_runs_own = not changes and entry is None and split == judged_by and export is None
    beside = run.evaluation(label) if changes and run.is_run else None
    beams = [f"decoding.num_beams={num_beams}"] if num_beams is not None else []
    return _Task(
        name,
        recipe,
        split,
        output_dir,
        is_runs_own,
        export,
        beside,
        purpose,
        typed,
        (*changes, *beams),
    )


def _retyped(
    split: str,
    engine: str,
    recipe: str | None,
    source: Path | None,
    references: list[Path] | None,
) -> tuple[str, ...]:
    """Options that another command about the same examples needs as well."""
    given = [("--split", split, "test"), ("--engine", engine, "torch")]
    options = [part for name, value, usual in given if value != usual for part in (name, value)]
    options += ["--recipe", recipe] if recipe is not None else []
    options += ["--source", str(source)] if source is not None else []
    options += [part for path in references or () for part in ("--reference", str(path))]
    return tuple(options)


def _evaluate(task: _Task, *, use_cache: bool, allow_code: bool) -> Report:
    """Read the examples, translate them or take what was translated before, score."""
    with track("importing PyTorch and Transformers"):
        from t5tune.data.examples import load_examples
        from t5tune.decoding.loaded_model import find_model
        from t5tune.reporting.evaluation import evaluate_model

    recipe = task.recipe
    examples = from_first(lambda: load_examples(recipe, task.split))
    return evaluate_model(
        lambda: find_model(
            task.name,
            source_lang=recipe.source_lang,
            target_lang=recipe.target_lang,
            prefix=recipe.data.prefix,
            task=task.purpose,
        ),
        examples,
        recipe,
        task.directory,
        export=task.export,
        use_cache=use_cache,
        writes_card=task.is_runs_own,
        beside=task.beside,
        typed=task.typed,
        settings=task.settings,
        allow_code=allow_code,
    )


def _text_files(source: Path | None, references: list[Path] | None) -> DataEntry | None:
    from t5tune.errors import T5TuneError
    from t5tune.recipe.schema import DataEntry

    if source is None and not references:
        return None
    if source is None or not references:
        missing = "--source" if source is None else "--reference"
        raise T5TuneError(
            "--source and --reference go together.", next_command=f"add {missing} FILE"
        )
    first, *others = (str(path) for path in references)
    return DataEntry(source_file=str(source), target_file=first, references=others or None)


def _choose_recipe(
    name: str,
    recipe: str | None,
    entry: DataEntry | None,
    source_lang: str | None,
    target_lang: str | None,
    prefix: str | None,
) -> Recipe:
    """The recipe that was named, the run's own, or one made up around two text files."""
    from t5tune.errors import T5TuneError
    from t5tune.recipe.loading import load_recipe
    from t5tune.recipe.schema import DataSection, ModelSection, Recipe
    from t5tune.run.directory import RunDirectory

    if recipe is not None:
        return load_recipe(recipe)
    run = RunDirectory(Path(name))
    if run.is_run:
        return load_recipe(run.recipe)
    if entry is None:
        raise T5TuneError(
            f"{name} is not a run, so it does not tell what to evaluate on.",
            next_command=f"t5tune eval {name} --recipe RECIPE   # or --source FILE "
            "--reference FILE",
        )
    return Recipe(
        name="eval",
        task="translation" if source_lang and target_lang else "text2text",
        source_lang=source_lang,
        target_lang=target_lang,
        model=ModelSection(name=name),
        data=DataSection(train=entry, validation=entry, test=entry, prefix=prefix),
    )


def _with_options(recipe: Recipe, metrics: list[str] | None, num_beams: int | None) -> Recipe:
    from t5tune.errors import T5TuneError, did_you_mean
    from t5tune.scoring.registry import METRICS, is_metric_name

    for name in metrics or []:
        if not is_metric_name(name):
            raise T5TuneError(
                f"--metric: there is no metric {name}{did_you_mean(name, METRICS) or '.'}",
                next_command=f"use one of {', '.join(METRICS)} or evaluate:NAME",
            )
    updates: dict[str, object] = {}
    if metrics:
        chosen = {"metrics": metrics, "best_metric": None}
        updates["evaluation"] = recipe.evaluation.model_copy(update=chosen)
    if num_beams is not None:
        updates["decoding"] = recipe.decoding.model_copy(update={"num_beams": num_beams})
    return recipe.model_copy(update=updates)

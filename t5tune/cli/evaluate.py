"""`t5tune eval`: a report for a run, a model directory or a hub id."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from t5tune.cli.models import choose_model
from t5tune.cli.processes import NumProcesses, launch_if_asked
from t5tune.cli.results import print_result
from t5tune.processes import are_several, from_first, is_first, joined

if TYPE_CHECKING:
    from t5tune.recipe.schema import DataEntry, Recipe
    from t5tune.scoring.report import Report


def evaluate(
    run: Annotated[
        str | None,
        typer.Argument(help="A run, a model directory or a hub id; the newest run if left out."),
    ] = None,
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    recipe: Annotated[
        str | None,
        typer.Option(help="Where a model that is no run takes data, decoding and metrics from."),
    ] = None,
    source: Annotated[
        Path | None, typer.Option(help="Evaluate on this text file, one source a line …")
    ] = None,
    reference: Annotated[
        list[Path] | None, typer.Option(help="… against this one; again for more references.")
    ] = None,
    source_lang: Annotated[
        str | None, typer.Option(help="For a model that is no run, without --recipe.")
    ] = None,
    target_lang: Annotated[
        str | None, typer.Option(help="For a model that is no run, without --recipe.")
    ] = None,
    metric: Annotated[
        list[str] | None, typer.Option(help="Instead of the recipe's; again for more.")
    ] = None,
    num_beams: Annotated[int | None, typer.Option(min=1, help="Instead of the recipe's.")] = None,
    engine: Annotated[
        str, typer.Option(help="torch (fp32), ctranslate2 or one export: ctranslate2-int8 …")
    ] = "torch",
    output_dir: Annotated[
        Path | None,
        typer.Option(help="Where hypotheses.txt and the reports go (default: in the run)."),
    ] = None,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the report as JSON, as in report.json.")
    ] = False,
    num_processes: NumProcesses = "1",
) -> None:
    """Translate a test set and score it; the numbers are sacreBLEU's."""
    launch_if_asked(num_processes)

    def choose() -> _Task:
        entry = _text_files(source, reference)
        name = choose_model(run)
        settings = _choose_recipe(name, recipe, entry, source_lang, target_lang)
        return _choose_task(
            name, _with_options(settings, metric, num_beams), split, entry, source, output_dir,
            engine, keeps_report=num_beams is None and metric is None and recipe is None,
        )  # fmt: skip

    with joined():
        task = from_first(choose)
        report = _evaluate(task)
    if is_first():
        print_result(report, as_json=json_output)


@dataclass(frozen=True)
class _Task:
    """What is evaluated: model, recipe, split, where reports go, and what translates."""

    name: str
    recipe: Recipe
    split: str
    directory: Path | None
    engine: str


def _choose_task(
    name: str,
    recipe: Recipe,
    split: str,
    entry: DataEntry | None,
    source: Path | None,
    output_dir: Path | None,
    engine: str,
    *,
    keeps_report: bool,
) -> _Task:
    """The report goes into the run where it is the report of the run's own settings."""
    from t5tune.run_directory import RunDirectory

    label = split
    if entry is not None and source is not None:
        recipe = recipe.model_copy(update={"data": recipe.data.model_copy(update={"test": entry})})
        split, label = "test", source.stem
    run = RunDirectory(Path(name))
    if output_dir is None and run.is_run and keeps_report:
        output_dir = run.evaluation(label if engine == "torch" else f"{label}-{engine}")
    return _Task(name, recipe, split, output_dir, engine)


def _evaluate(task: _Task) -> Report:
    """Load the model and the examples, translate, score."""
    from t5tune.decoding.engines import choose_export
    from t5tune.errors import T5TuneError
    from t5tune.evaluation import evaluate_model, load_examples
    from t5tune.translation import load_for_translation, open_export, share_loaded_model

    recipe = task.recipe
    export = from_first(lambda: choose_export(task.name, task.engine))
    if export is not None and are_several():
        raise T5TuneError(
            f"--engine {task.engine} translates in one process, on all of its cores.",
            next_command="the same command without --num-processes",
        )
    examples = from_first(lambda: load_examples(recipe, task.split))
    model = share_loaded_model(
        lambda: load_for_translation(
            task.name,
            source_lang=recipe.source_lang,
            target_lang=recipe.target_lang,
            prefix=recipe.data.prefix,
        )
    )
    translator = None if export is None else open_export(export)
    return evaluate_model(model, examples, recipe, task.directory, translator)


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
) -> Recipe:
    """The recipe that was named, the run's own, or one made up around two text files."""
    from t5tune.errors import T5TuneError
    from t5tune.recipe.loading import load_recipe
    from t5tune.recipe.schema import DataSection, ModelSection, Recipe
    from t5tune.run_directory import RunDirectory

    if recipe is not None:
        return load_recipe(recipe)
    run = RunDirectory(Path(name))
    if run.is_run:
        return load_recipe(run.recipe)
    if entry is None:
        raise T5TuneError(
            f"{name} is no run, so it does not tell what to evaluate on.",
            next_command=f"t5tune eval {name} --recipe RECIPE   # or --source FILE "
            "--reference FILE",
        )
    return Recipe(
        name="eval",
        task="translation" if source_lang and target_lang else "text2text",
        source_lang=source_lang,
        target_lang=target_lang,
        model=ModelSection(name=name),
        data=DataSection(train=entry, validation=entry, test=entry),
    )


def _with_options(recipe: Recipe, metrics: list[str] | None, num_beams: int | None) -> Recipe:
    from t5tune.errors import T5TuneError
    from t5tune.scoring.names import METRIC_NAMES

    for name in metrics or []:
        if name not in METRIC_NAMES:
            raise T5TuneError(
                f"--metric: there is no metric {name}.",
                next_command=f"use one of {', '.join(METRIC_NAMES)}",
            )
    updates: dict[str, object] = {}
    if metrics:
        chosen = {"metrics": metrics, "best_metric": None}
        updates["evaluation"] = recipe.evaluation.model_copy(update=chosen)
    if num_beams is not None:
        updates["decoding"] = recipe.decoding.model_copy(update={"num_beams": num_beams})
    return recipe.model_copy(update=updates)

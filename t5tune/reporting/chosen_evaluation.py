"""`t5tune.evaluate`: which model, which examples, which settings, and where the report goes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t5tune.decoding.engines import TORCH, TORCH_BF16, choose_export
from t5tune.distributed.processes import are_several, broadcast_result, is_main_process, joined
from t5tune.distributed.torch_import import importing_torch
from t5tune.errors import T5TuneError, did_you_mean
from t5tune.files.writing import NotWritten
from t5tune.models.model_names import choose_model
from t5tune.models.permission import Permission, permission_for, permitting
from t5tune.recipe.loading import build_recipe, load_recipe, load_resolved_recipe
from t5tune.recipe.overrides import Override, read_keywords
from t5tune.recipe.resolve import choose_metrics
from t5tune.recipe.schema import Recipe
from t5tune.recipe.sections.data_entry import DataEntry
from t5tune.recipe.sections.data_section import DataSection
from t5tune.recipe.sections.model_section import ModelSection
from t5tune.reporting.beside.kinds import check_sections
from t5tune.reporting.chosen_direction import choose_direction, restrict
from t5tune.reporting.comparisons.compared_systems import write_comparison
from t5tune.reporting.evaluation_task import EvaluationTask
from t5tune.reporting.recipe_scoring import rehearse_recipe_scoring
from t5tune.reporting.reports.report import Report, ReportNotWritten
from t5tune.reporting.tried_settings import changes_report, try_settings
from t5tune.run.directory import RunDirectory
from t5tune.scoring.metrics.evaluate_loading import check_foreign_metrics
from t5tune.scoring.registry import METRICS, is_metric_name

if TYPE_CHECKING:
    from t5tune.decoding.export.settings import Export
    from t5tune.decoding.found_model import FoundModel

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class EvaluationRequest:
    """Choices of the caller of `evaluate`, which explains them."""

    split: str
    recipe: str | Path | Mapping[str, Any] | Recipe | None
    source_file: str | None
    reference_files: tuple[str, ...]
    source_lang: str | None
    target_lang: str | None
    prefix: str | None
    metrics: Sequence[str] | None
    num_beams: int | None
    engine: str
    output_dir: str | Path | None
    use_cache: bool
    allow_code: bool
    allow_pickle: bool

    @property
    def has_own_settings(self) -> bool:
        """Whether metrics, beams or the whole recipe are not the run's."""
        return any(one is not None for one in (self.num_beams, self.metrics, self.recipe))

    @property
    def options(self) -> tuple[str, ...]:
        """Options that another command about the same examples needs too."""
        given = [("--split", self.split, "test"), ("--engine", self.engine, TORCH)]
        given += [("--source-lang", self.source_lang or "", "")]
        given += [("--target-lang", self.target_lang or "", "")]
        options = [part for name, value, usual in given if value != usual for part in (name, value)]
        if isinstance(self.recipe, str | os.PathLike):
            options += ["--recipe", os.fspath(self.recipe)]
        options += ["--source", self.source_file] if self.source_file is not None else []
        options += [part for path in self.reference_files for part in ("--reference", path)]
        return tuple(options)


@dataclass(frozen=True)
class ChosenEvaluation:
    """A model, its test set, and what is done with them."""

    name: str  # name of the run, the directory or the model on the hub
    split: str  # of the recipe's data
    purpose: str  # task of the recipe; unknown for two text files
    permission: Permission  # for the model
    task: EvaluationTask  # how it is translated and scored, and where the report goes


def evaluate(
    run: str | Path | None = None,
    /,
    *settings: str,
    split: str = "test",
    recipe: str | Path | Mapping[str, Any] | Recipe | None = None,
    source_file: str | Path | None = None,
    reference_files: str | Path | Sequence[str | Path] = (),
    source_lang: str | None = None,
    target_lang: str | None = None,
    prefix: str | None = None,
    metrics: Sequence[str] | None = None,
    num_beams: int | None = None,
    engine: str = TORCH,
    output_dir: str | Path | None = None,
    use_cache: bool = True,
    allow_code: bool = False,
    allow_pickle: bool = False,
    **overrides: Any,
) -> Report:
    """Translate a test set and score it, as `t5tune eval` does.

    Args:
        run: A run, a model directory or a hub id; None means the newest finished run.
        settings: Keys of decoding or evaluation to try, such as `decoding.length_penalty=1.2`; the
            report is written beside the stored one.
        split: `train`, `validation` or `test`.
        recipe: Recipe with data, decoding and metrics for a model that is not a run.
        source_file: File with one source per line, to evaluate on with `reference_files`.
        reference_files: Files with one reference per line; several for several references.
        source_lang: Source language, if neither a run nor `recipe` states it, or if they have
            several directions, of which one is to be evaluated.
        target_lang: Target language, likewise.
        prefix: Prefix of every source, likewise.
        metrics: Metrics instead of the recipe's.
        num_beams: Beam size instead of the recipe's.
        engine: Engine: `torch` (fp32), `ctranslate2` or one export, such as `ctranslate2-int8`.
        output_dir: Directory for hypotheses.txt and the reports; None means in the run.
        use_cache: Whether to reuse cached hypotheses.
        allow_code: Whether metrics named `evaluate:NAME`, and a model whose recipe has
            `trust_remote_code: true`, may run Python code of others.
        allow_pickle: Whether weights that a model from elsewhere has only as a pickle may be read.
        overrides: The same as `settings`: `decoding={"num_beams": 8}` or, with a dotted key,
            `**{"decoding.num_beams": 8}`.

    Raises:
        ReportNotWritten: The files cannot be written; the error has the report.
        T5TuneError: The model does not exist or is damaged, or its data cannot be read.
    """
    request = EvaluationRequest(
        split, recipe,
        None if source_file is None else os.fspath(source_file), _list_files(reference_files),
        source_lang, target_lang, prefix, metrics, num_beams, engine, output_dir, use_cache,
        allow_code, allow_pickle,
    )  # fmt: skip
    tried: list[str | Override] = [*settings, *read_keywords(overrides)]
    with joined():
        chosen = broadcast_result(lambda: _choose(run, tried, request))
        with permitting(chosen.permission):
            report = _evaluate(chosen)
        directory = chosen.task.directory
        if is_main_process() and report.comparison is not None and directory is not None:
            try:
                write_comparison(report.comparison, directory)
            except NotWritten as error:
                raise ReportNotWritten(report, chosen.name, error) from error
    return report


def _list_files(files: str | Path | Sequence[str | Path]) -> tuple[str, ...]:
    if isinstance(files, str | os.PathLike):
        return (os.fspath(files),)
    return tuple(os.fspath(file) for file in files)


def _choose(
    run: str | Path | None, settings: Sequence[str | Override], request: EvaluationRequest
) -> ChosenEvaluation:
    """Settle everything before anything is loaded, and refuse what would fail later.

    A report of the run's own settings is written into the run.
    """
    entry = _text_files(request)
    name = choose_model(None if run is None else os.fspath(run))
    recipe, changes = _choose_recipe(name, entry, request), list[str]()
    if settings:
        recipe, changes = try_settings(recipe, settings, name)
    recipe = _with_options(recipe, request)
    direction = choose_direction(recipe, request.source_lang, request.target_lang)
    if direction is not None:
        recipe = restrict(recipe, direction, None if entry is not None else request.split)
    check_foreign_metrics(choose_metrics(recipe), allow_code=request.allow_code)
    permission = permission_for(
        name,
        allow_code=request.allow_code,
        allow_pickle=request.allow_pickle or recipe.model.allow_pickle,
    )
    rehearse_recipe_scoring(recipe)
    export = _choose_engine(name, request.engine)
    split = label = request.split
    if entry is not None and request.source_file is not None:
        recipe = recipe.model_copy(update={"data": recipe.data.model_copy(update={"test": entry})})
        # Never over the report of the run's own split, whatever the file is called.
        source = Path(request.source_file)
        split, label = "test", source.stem if source.stem not in SPLITS else source.name
    if direction is not None:
        label = f"{label}-{'-'.join(filter(None, direction))}"
    label = label if export is None else f"{label}-{export.engine}"
    found = RunDirectory(Path(name))
    directory = None if request.output_dir is None else Path(request.output_dir)
    is_runs_own = False
    if directory is None and found.is_run and not request.has_own_settings:
        directory = found.tried_evaluation(label, changes) if changes else found.evaluation(label)
        judged_by = "test" if recipe.data.test is not None else "validation"
        is_plain = entry is None and export is None and direction is None
        is_runs_own = not changes and is_plain and split == judged_by
    beams = request.num_beams
    task = EvaluationTask(
        recipe,
        directory,
        export,
        writes_card=is_runs_own,
        beside=found.evaluation(label)
        if found.is_run and any(map(changes_report, changes))
        else None,
        options=request.options,
        direction=direction,
        settings=(*changes, *([f"decoding.num_beams={beams}"] if beams is not None else [])),
        use_cache=request.use_cache,
        allow_code=request.allow_code,
    )
    purpose = recipe.task if request.recipe is not None else "translation"
    return ChosenEvaluation(name, split, purpose, permission, task)


def _evaluate(chosen: ChosenEvaluation) -> Report:
    """Read the examples, translate them or take cached translations, and score."""
    with importing_torch():
        from t5tune.data.examples import load_examples
        from t5tune.decoding.found_model import find_model
        from t5tune.reporting.evaluation import evaluate_model

    recipe = chosen.task.recipe
    languages = recipe.source_lang, recipe.target_lang
    examples = broadcast_result(lambda: load_examples(recipe.data, chosen.split, *languages))
    direction = chosen.task.direction
    if direction is not None:
        name = "-".join(filter(None, direction))
        examples = replace(examples, split=f"{examples.split}-{name}", languages=direction)
    broadcast_result(lambda: check_sections(recipe))

    def find() -> FoundModel:
        found = find_model(
            chosen.name,
            source_lang=recipe.source_lang,
            target_lang=recipe.target_lang,
            prefix=recipe.data.prefix,
            task=chosen.purpose,
        )
        if direction is None or not found.settings.directions:
            return found
        return found.turned(*direction)

    return evaluate_model(find, examples, chosen.task).report


def _choose_engine(name: str, engine: str) -> Export | None:
    if engine == TORCH_BF16:
        raise T5TuneError(
            f"--engine {engine} works only with t5tune translate: models are evaluated in fp32.",
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


def _text_files(request: EvaluationRequest) -> DataEntry | None:
    source, references = request.source_file, request.reference_files
    if source is None and not references:
        return None
    if source is None or not references:
        missing = "--source" if source is None else "--reference"
        raise T5TuneError(
            "--source and --reference go together.", next_command=f"add {missing} FILE"
        )
    first, *others = references
    return DataEntry(source_file=source, target_file=first, references=others or None)


def _choose_recipe(name: str, entry: DataEntry | None, request: EvaluationRequest) -> Recipe:
    """Return the named recipe, the run's own, or one built for two text files."""
    if isinstance(request.recipe, Mapping | Recipe):
        return build_recipe(request.recipe)
    if request.recipe is not None:
        return load_recipe(request.recipe)
    run = RunDirectory(Path(name))
    if run.is_run:
        return load_resolved_recipe(run.recipe)
    if entry is None:
        raise T5TuneError(
            f"{name} is not a run, so it does not state what to evaluate on.",
            next_command=f"t5tune eval {name} --recipe RECIPE   # or --source FILE "
            "--reference FILE",
        )
    return Recipe(
        name="eval",
        task="translation" if request.source_lang and request.target_lang else "text2text",
        source_lang=request.source_lang,
        target_lang=request.target_lang,
        model=ModelSection(name=name),
        data=DataSection(train=entry, validation=entry, test=entry, prefix=request.prefix),
    )


def _with_options(recipe: Recipe, request: EvaluationRequest) -> Recipe:
    """Return the recipe with the requested metrics and number of beams."""
    for name in request.metrics or []:
        if not is_metric_name(name):
            raise T5TuneError(
                f"--metric: there is no metric {name}{did_you_mean(name, METRICS) or '.'}",
                next_command=f"use one of {', '.join(METRICS)} or evaluate:NAME",
            )
    updates: dict[str, object] = {}
    if request.metrics:
        chosen = {"metrics": list(request.metrics), "best_metric": None}
        updates["evaluation"] = recipe.evaluation.model_copy(update=chosen)
    if request.num_beams is not None:
        updates["decoding"] = recipe.decoding.model_copy(update={"num_beams": request.num_beams})
    return recipe.model_copy(update=updates)

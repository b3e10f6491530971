"""From a model and a test set to hypotheses and a report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t5tune.console import say, track
from t5tune.data.encoding import encode_texts
from t5tune.data.examples import Examples, load_examples
from t5tune.decoding.cached_translator import CachedTranslator
from t5tune.decoding.export.settings import Export, refuse_export
from t5tune.decoding.found_model import FoundModel, FoundRun
from t5tune.decoding.hypothesis_cache import HypothesisCache, choose_cache_file
from t5tune.decoding.loaded_model import broadcast_model, read_weights_label
from t5tune.decoding.opened_model import warn_of_truncation
from t5tune.decoding.opening import open_export
from t5tune.decoding.torch_translator import TorchTranslator
from t5tune.decoding.translator import (
    DecodingOptions,
    Hypothesis,
    PlainTranslator,
    Translator,
    limit_from_references,
    options_of_recipe,
)
from t5tune.distributed.processes import (
    OfMainProcess,
    are_several,
    broadcast_result,
    is_main_process,
    on_main_process,
)
from t5tune.files.writing import NotWritten
from t5tune.models.directories import check_model_is_of
from t5tune.recipe.schema import Recipe
from t5tune.recipe.sections.data_section import Languages
from t5tune.reporting.beside.kind import Evaluated
from t5tune.reporting.beside.kinds import wanted_kinds
from t5tune.reporting.beside.report_section import put_alarms_first
from t5tune.reporting.evaluation_files import (
    build_evaluation_report,
    compare_with_stored,
    write_evaluation,
)
from t5tune.reporting.evaluation_task import EvaluationTask
from t5tune.reporting.example_alignments import align_examples
from t5tune.reporting.known_novelty import find_novelty
from t5tune.reporting.known_overlaps import find_overlap
from t5tune.reporting.model_card.card import write_model_card
from t5tune.reporting.model_card.provenance import describe_provenance
from t5tune.reporting.model_card.training_facts import describe_training
from t5tune.reporting.reports.report import Origin, Report, ReportNotWritten
from t5tune.run.directory import RunDirectory
from t5tune.run.manifest import find_change

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class Evaluation:
    """A report, and the translations that it is about."""

    report: Report
    hypotheses: list[Hypothesis]  # one per example, in order
    # Time that translating took with a loaded model, equal sources once; None if the cache had some
    # or several processes shared the work.
    seconds: float | None


def longest_references(examples: Examples, tokenizer: PreTrainedTokenizerBase) -> int:
    """Return the length limit that fits the first references of these examples, in tokens."""
    sets = [examples, *examples.others]
    references = [of_one[0] for one in sets for of_one in one.references]
    encoded, _ = encode_texts(references, tokenizer, max_length=None, as_target=True)
    return limit_from_references([len(ids) for ids in encoded])


def decoding_options(recipe: Recipe, tokenizer: PreTrainedTokenizerBase) -> DecodingOptions:
    """Return the recipe's decoding section; the length limit follows the validation references.

    A run's recipe states the limit, so that its validation data is not read again.
    """
    section = recipe.decoding
    limit = section.max_new_tokens
    if limit is None:
        examples = load_examples(recipe.data, "validation", recipe.source_lang, recipe.target_lang)
        limit = longest_references(examples, tokenizer)
    return options_of_recipe(section, limit)


def translate_examples(
    translator: PlainTranslator, examples: Examples, options: DecodingOptions
) -> list[Hypothesis]:
    """Translate every example once, with progress on stderr."""
    sources = examples.sources
    with track(f"translating {examples.split}", len(sources), "examples") as advance:
        hypotheses = translator.translate(sources, options, advance)
    warn_of_truncation(translator)
    return hypotheses


def evaluate_model(
    find: Callable[[], FoundModel], examples: Examples, task: EvaluationTask
) -> Evaluation:
    """Translate, score and write the report; weights are loaded only if something is generated.

    All processes call it together: they share the translating, the main process does the rest. Only
    the main process calls `find`.

    Raises:
        ReportNotWritten: The files cannot be written; the error has the report.
        T5TuneError: The model is damaged, or not that of its run.
    """
    recipe, export, directory = task.recipe, task.export, task.directory
    found = on_main_process(lambda: _find_whole(find, export))
    options = broadcast_result(lambda: decoding_options(recipe, found.get().tokenizer))
    weights = _Weights(found, export, task.direction)
    translator = _with_cache(found, weights) if task.use_cache else weights.load()
    hypotheses = translate_examples(translator, examples, options)
    num_known = 0
    if isinstance(translator, CachedTranslator):
        num_known = len(set(examples.sources)) - translator.num_generated
        say(f"translations: {num_known:,} from the cache, {translator.num_generated:,} generated")
    seconds = None
    if isinstance(translator, CachedTranslator) and not (num_known or are_several()):
        seconds = translator.generation_seconds
    evaluated = Evaluated(
        recipe,
        examples,
        hypotheses,
        options,
        translator,
        weights.load,
        found,
        _run_of(found),
        task.use_cache,
        export,
    )
    sections = [kind.measure(evaluated) for kind in wanted_kinds(recipe)]

    def write(report: Report, model: FoundModel, directory: Path) -> None:
        provenance = None
        if isinstance(model, FoundRun):
            provenance = describe_provenance(model.run, model.recipe, examples)
        write_evaluation(
            report,
            examples,
            hypotheses,
            directory,
            run=model.run if isinstance(model, FoundRun) else None,
            alignments=align_examples(weights.translator, report.examples, directory),
            provenance=provenance,
        )

    def report() -> Report:
        model = found.get()
        origin = Origin(
            model.name, examples.split, translator.engine, read_weights_label(model.config)
        )
        overlap = novelty = trained = None
        if isinstance(model, FoundRun):
            of_run = model.recipe
            overlap = find_overlap(
                model.run, of_run.data, examples, of_run.source_lang, of_run.target_lang
            )
            if recipe.evaluation.generalization:
                novelty = find_novelty(model.run, of_run, examples, model.tokenizer)
            trained = describe_training(
                model.run,
                model.recipe,
                model_type=model.config.model_type,
                evaluation=task.options,
                settings=task.settings,
            )
        elif recipe.evaluation.generalization:
            say(f"evaluation.generalization: {model.name} is not a run, so its data is not known")
        report = build_evaluation_report(
            origin, examples, hypotheses, options, recipe, overlap=overlap, novelty=novelty,
            trained=trained, allow_code=task.allow_code,
        )  # fmt: skip
        report = replace(report, beside=put_alarms_first([compute() for compute in sections]))
        if task.beside is not None:
            report = compare_with_stored(report, task.beside, recipe)
        try:
            if directory is not None:
                write(report, model, directory)
            if task.writes_card and isinstance(model, FoundRun):
                write_model_card(model.run, model.recipe, report)
        except NotWritten as error:
            name = str(model.run.path) if isinstance(model, FoundRun) else model.name
            raise ReportNotWritten(report, name, error) from error
        return report

    return Evaluation(broadcast_result(report), hypotheses, seconds)


def _find_whole(find: Callable[[], FoundModel], export: Export | None) -> FoundModel:
    """Find a model; raise an error if a run's model was not trained by that run."""
    found = find()
    if isinstance(found, FoundRun):
        check_model_is_of(found.run)
    if export is not None and (damage := find_change(export.path)):
        raise refuse_export(export.path, damage)
    return found


class _Weights:
    """Weights that all processes load together on first use."""

    def __init__(
        self, found: OfMainProcess[FoundModel], export: Export | None, direction: Languages | None
    ) -> None:
        self._found = found
        self._export = export
        self._direction = direction
        self.engine = TorchTranslator.engine if export is None else export.engine
        self.translator: TorchTranslator | None = None
        self._opened: Translator | None = None

    def identify(self) -> dict[str, Any]:
        """Return what hypotheses depend on apart from decoding options and library versions."""
        if not is_main_process():
            return {}  # only the main process needs it
        return self._found.get().identify(self._export)

    def load(self) -> Translator:
        """Return the translator, loaded once."""
        if self._opened is None:
            self._opened = self._load()
        return self._opened

    def _load(self) -> Translator:
        if self._export is not None:
            translator = open_export(self._export)
            if self._direction is not None:
                translator.use_direction(*self._direction)
            return translator
        loaded = broadcast_model(lambda: self._found.get().load())
        self.translator = loaded.translator
        return loaded.translator.distributed()


def _run_of(found: OfMainProcess[FoundModel]) -> RunDirectory | None:
    """Return the run of a model on the main process."""
    model = found.get() if is_main_process() else None
    return model.run if isinstance(model, FoundRun) else None


def _with_cache(found: OfMainProcess[FoundModel], weights: _Weights) -> CachedTranslator:
    """Return a translator for all processes."""
    return CachedTranslator(
        HypothesisCache(choose_cache_file(_run_of(found))),
        weights.load,
        engine=weights.engine,
        model=weights.identify(),
    )

"""The session of a training, from a recipe to a finished run: only the order of the steps."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from t5tune.data.examples import Examples, load_examples
from t5tune.decoding.export.parity import ModelSide, export_after_training
from t5tune.decoding.found_model import FoundRun, find_run
from t5tune.distributed.processes import OfMainProcess, broadcast_result, on_main_process
from t5tune.recipe.schema import Recipe
from t5tune.reporting.evaluation import Evaluation, evaluate_model
from t5tune.reporting.evaluation_task import EvaluationTask
from t5tune.run.directory import RunDirectory
from t5tune.training.checkpoints.best_model import keep_best_model
from t5tune.training.checkpoints.resuming import has_model_of
from t5tune.training.cpu_start import begin
from t5tune.training.determinism import deterministic_kernels
from t5tune.training.loop import TrainedWeights, run_training_loop
from t5tune.training.preparation.recipe_preparation import prepare
from t5tune.training.preparation.start import Start
from t5tune.training.result import TrainingResult
from t5tune.training.step.allocator import release_freed_memory


def train(
    recipe: Recipe, run: RunDirectory, *, allow_code: bool = False, command: str | None = None
) -> TrainingResult:
    """Train, keep the best model, evaluate it.

    An interrupted run resumes from its newest complete checkpoint. Every process calls this; the
    main process reads, writes and prints.

    Args:
        recipe: Recipe as the user wrote it.
        run: A new directory, or one that holds an unfinished run of the same recipe.
        allow_code: Whether metrics of the report may run code of others.
        command: Command that was typed, for the record.

    Raises:
        T5TuneError: Data, model or settings cannot be used.
        MainProcessFailed: The same, in the other processes.
    """
    if broadcast_result(lambda: has_model_of(run, recipe)):
        trained = on_main_process(lambda: _read_trained(run))
    else:
        ended = _train_model(recipe, run, command)
        if isinstance(ended, signal.Signals):
            return TrainingResult(run, stopped_by=ended)
        trained = ended
    resolved, examples = broadcast_result(
        lambda: (trained.get().model.recipe, trained.get().reported)
    )
    directory = run.evaluation(examples.split)
    task = EvaluationTask(resolved, directory, writes_card=True, allow_code=allow_code)
    evaluation = evaluate_model(lambda: trained.get().model, examples, task)
    on_main_process(lambda: _export(trained.get(), evaluation, run, recipe.export))
    return TrainingResult(run, evaluation.report)


@dataclass(frozen=True)
class _Trained:
    """Result of training, which stays in memory until the command ends."""

    model: FoundRun
    reported: Examples  # test set of the report
    validation: Examples | None = None  # what the export is compared on; None if not read yet


def _read_trained(run: RunDirectory) -> _Trained:
    """Read what an earlier command has trained."""
    model = find_run(run)
    recipe = model.recipe
    split = "test" if recipe.data.test is not None else "validation"
    reported = load_examples(recipe.data, split, recipe.source_lang, recipe.target_lang)
    return _Trained(model, reported)


def _train_model(
    recipe: Recipe, run: RunDirectory, command: str | None
) -> OfMainProcess[_Trained] | signal.Signals:
    """Train until model/ exists, or until a signal, which is returned, ends training early."""
    start = begin(recipe, lambda: prepare(recipe, run, command))
    # Only here: processes that share the reading are copied before a GPU is in use.
    with deterministic_kernels(enabled=recipe.training.extra.get("full_determinism", True)):
        ended = run_training_loop(start, run)
    if isinstance(ended, signal.Signals):
        return ended
    release_freed_memory()  # memory of gradients, optimizer and batches
    return on_main_process(lambda: _keep(start, run, ended))


def _keep(start: Start, run: RunDirectory, trained: TrainedWeights) -> _Trained:
    if (streamed := start.streamed.get()) is not None:
        streamed.keep_overlaps(run)
    sentence = next(source for source in start.validation.sources if source.strip())
    model = keep_best_model(
        run, trained.recipe, trained.weights, start.model, sentence, start.facts
    )
    return _Trained(model, start.reported.get(), start.validation)


def _export(trained: _Trained, evaluation: Evaluation, run: RunDirectory, engine: str) -> None:
    """Make the export that the recipe asks for, from what is in memory."""
    known = ModelSide(trained.model, trained.validation)
    if trained.reported.split == "validation":
        known = ModelSide(
            trained.model, trained.reported, evaluation.hypotheses, evaluation.seconds
        )
    export_after_training(run, engine, known)

"""The session of a training, from a recipe to a finished run: only the order of the steps."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import PreTrainedModel, PreTrainedTokenizerBase, set_seed

from t5tune.console import say, track
from t5tune.data.cleaning import clean_training_data
from t5tune.data.encoding import EncodedDataset, encode_dataset
from t5tune.data.examples import Examples, load_examples
from t5tune.data.fingerprints import fingerprint_rows
from t5tune.data.readers.sources import describe_place, load_split
from t5tune.decoding.export.parity import ModelSide, export_after_training
from t5tune.decoding.found_model import FoundRun, find_run
from t5tune.decoding.loaded_model import LoadedModel, default_device
from t5tune.decoding.search import build_generation_config
from t5tune.decoding.torch_translator import TorchTranslator
from t5tune.decoding.translator import options_of_recipe
from t5tune.distributed.processes import OfMainProcess, broadcast_result, on_main_process
from t5tune.errors import T5TuneError
from t5tune.models.cpu.dropout import use_byte_dropout
from t5tune.models.cpu.fast_t5 import use_fast_sublayers
from t5tune.models.families import find_family, set_languages
from t5tune.models.from_scratch import build_model, build_tokenizer
from t5tune.models.input_settings import InputSettings
from t5tune.models.loading import load_config, load_model, load_tokenizer
from t5tune.recipe.places import Place
from t5tune.recipe.resolve import Choice, resolve_for_model
from t5tune.recipe.resolved_recipe import FittedRecipe
from t5tune.recipe.schema import FromScratchSection, ModelSection, Recipe
from t5tune.reporting.evaluation import Evaluation, evaluate_model
from t5tune.reporting.known_overlaps import measure_while_there
from t5tune.reporting.recipe_scoring import rehearse_recipe_scoring
from t5tune.run.directory import RunDirectory
from t5tune.run.manifest import find_damage
from t5tune.training.allocator import keep_freed_memory, release_freed_memory
from t5tune.training.checkpoints.best_model import keep_best_model
from t5tune.training.checkpoints.resuming import (
    BF16,
    DATA,
    RECIPE,
    VERSIONS,
    check_data,
    choose_checkpoint,
    fingerprint_recipe,
    has_model_of,
    warn_of_versions,
)
from t5tune.training.checkpoints.store import remove_unfinished
from t5tune.training.commits import TOKENIZER, pin_data, pin_model
from t5tune.training.environment import package_versions, record_environment
from t5tune.training.loop import TrainedWeights, run_training_loop
from t5tune.training.model_facts import find_facts
from t5tune.training.prerequisites import check_prerequisites
from t5tune.training.rehearsal import rehearse
from t5tune.training.result import TrainingResult
from t5tune.training.start import Start, broadcast_start


@dataclass(frozen=True)
class _Texts:
    """Training pairs with their prefix, and the two sets that are only translated."""

    sources: list[str]
    targets: list[str]
    validation: Examples
    test: Examples


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
    evaluation = evaluate_model(
        lambda: trained.get().model,
        examples,
        resolved,
        run.evaluation(examples.split),
        writes_card=True,
        allow_code=allow_code,
    )
    on_main_process(lambda: _export(trained.get(), evaluation, run, recipe.export))
    return TrainingResult(run, evaluation.report)


@dataclass(frozen=True)
class _Trained:
    """Result of training, which stays in memory until the command ends.

    Attributes:
        model: Model of the run.
        reported: Test set of the report.
        validation: Test set that the export is compared on; None if it has not been read.
    """

    model: FoundRun
    reported: Examples
    validation: Examples | None = None


def _read_trained(run: RunDirectory) -> _Trained:
    """Read what an earlier command has trained."""
    model = find_run(run)
    recipe = model.recipe
    split = "test" if recipe.data.test is not None else "validation"
    reported = load_examples(recipe.data, split, recipe.source_lang, recipe.target_lang)
    return _Trained(model, reported)


def _export(trained: _Trained, evaluation: Evaluation, run: RunDirectory, engine: str) -> None:
    """Make the export that the recipe asks for, from what is in memory."""
    known = ModelSide(trained.model, trained.validation)
    if trained.reported.split == "validation":
        known = ModelSide(
            trained.model, trained.reported, evaluation.hypotheses, evaluation.seconds
        )
    export_after_training(run, engine, known)


def _train_model(
    recipe: Recipe, run: RunDirectory, command: str | None
) -> OfMainProcess[_Trained] | signal.Signals:
    """Train until model/ exists, or until a signal, which is returned, ends training early."""
    if default_device() == "cpu":
        keep_freed_memory()
    start = broadcast_start(lambda: _prepare(recipe, run, command))
    model = start.model.translator.model
    use_byte_dropout(model)
    # Sharded weights come and go with the calls of the library's layers.
    if start.recipe.training.sharding == "none":
        use_fast_sublayers(model)
    ended = run_training_loop(start, run)
    if isinstance(ended, signal.Signals):
        return ended
    release_freed_memory()  # memory of gradients, optimizer and batches
    return on_main_process(lambda: _keep(start, run, ended))


def _keep(start: Start, run: RunDirectory, trained: TrainedWeights) -> _Trained:
    sentence = next(source for source in start.validation.sources if source.strip())
    model = keep_best_model(
        run, trained.recipe, trained.weights, start.model, sentence, start.facts
    )
    return _Trained(model, start.reported or start.validation, start.validation)


def _prepare(recipe: Recipe, run: RunDirectory, command: str | None) -> Start:
    """Prepare data, model and checkpoint, each checked against the others."""
    check_prerequisites(recipe)
    rehearse_recipe_scoring(recipe)
    if run.model.is_dir() and (damage := find_damage(run.model)):
        say(f"{run.model}: {damage}; it is made again from the checkpoints")
    remove_unfinished(run.checkpoints)
    checkpoint = choose_checkpoint(run).checkpoint
    pinned, commits = pin_model(recipe, run, is_resumed=checkpoint is not None)
    pinned, data_commits = pin_data(pinned, run)
    texts = _load_texts(pinned)
    facts: dict[str, Any] = {
        RECIPE: fingerprint_recipe(recipe),
        DATA: _fingerprint_texts(texts),
        VERSIONS: package_versions(),
    }
    if checkpoint is not None:
        check_data(checkpoint, facts[DATA])
        warn_of_versions(checkpoint, facts[VERSIONS])
    set_seed(recipe.training.seed)
    model, tokenizer = _build_or_load(pinned.model, texts, checkpoint, commits.get(TOKENIZER))
    model_type, forced_bos = model.config.model_type, None
    if find_family(model_type).has_language_tokens:
        forced_bos = set_languages(tokenizer, recipe.source_lang, recipe.target_lang)
    resolved, choices = _resolve(pinned, model_type, tokenizer, texts.validation, checkpoint)
    facts[BF16] = resolved.training.bf16
    texts = _with_prefix(texts, resolved.data.train.prefix)
    dataset = _encode(texts, tokenizer, resolved)
    facts[DATA]["the tokens of data.train"] = dataset.fingerprint()
    if checkpoint is not None:
        check_data(checkpoint, facts[DATA])
    num_examples = _count_examples(recipe, texts)
    record_environment(run, recipe, facts[DATA], num_examples, command, {**commits, **data_commits})
    pairs = _without_prefix(texts, resolved.data.train.prefix)
    measure_while_there(run, facts[DATA]["data.train"], pairs, len(texts.sources), texts.test)
    translator = TorchTranslator(
        model,
        tokenizer,
        InputSettings(resolved.data.train.prefix, resolved.data.max_source_length, forced_bos),
    )
    options = options_of_recipe(resolved.decoding, resolved.decoding.max_new_tokens)
    model.generation_config = build_generation_config(model, options, forced_bos)
    loaded = LoadedModel(run.name, translator, tokenizer, options)
    rehearse(loaded, resolved.model, resolved.export, run, dataset, resolved.target_lang)
    return Start(
        resolved, choices, dataset, loaded, texts.validation, texts.test, checkpoint, facts
    )


def _count_examples(recipe: Recipe, texts: _Texts) -> dict[str, int]:
    counts = {"train": len(texts.sources), "validation": len(texts.validation.sources)}
    return counts if recipe.data.test is None else {**counts, "test": len(texts.test.sources)}


@track("taking fingerprints of the data")
def _fingerprint_texts(texts: _Texts) -> dict[str, str]:
    validation = zip(texts.validation.sources, texts.validation.references, strict=True)
    return {
        "data.train": fingerprint_rows(zip(texts.sources, texts.targets, strict=True)),
        "data.validation": fingerprint_rows([source, *others] for source, others in validation),
    }


def _load_texts(recipe: Recipe) -> _Texts:
    """Read every split, so that a missing test file is found before training, not after."""
    data, languages = recipe.data, (recipe.source_lang, recipe.target_lang)
    dataset, cleaning = clean_training_data(load_split(data, "train", *languages))
    validation = load_examples(data, "validation", *languages)
    _refuse_blank(validation, data.validation.place)
    test = load_examples(data, "test", *languages) if data.test is not None else validation
    blank = f" ({cleaning.num_blank:,} blank ones left out)" if cleaning.num_blank else ""
    counts = (
        f"{cleaning.num_kept:,} training examples{blank}, {len(validation.sources):,} validation"
    )
    say(f"data: {counts}" + (f", {len(test.sources):,} test" if data.test is not None else ""))
    return _Texts(dataset["source"][:], dataset["target"][:], validation, test)


def _refuse_blank(validation: Examples, place: Place) -> None:
    """Refuse blank validation sources: neither validation nor a stored sentence can use them."""
    if not any(source.strip() for source in validation.sources):
        raise T5TuneError(
            f"data.validation: every source in {describe_place(place)} is blank.",
            next_command="correct `source:` under data.validation in the recipe",
        )


@track("preparing the model")
def _build_or_load(
    section: ModelSection, texts: _Texts, checkpoint: Path | None, tokenizer_commit: str | None
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Build or load the model; a checkpoint holds all of it, whatever has become of its origin."""
    if checkpoint is not None:
        return load_model(str(checkpoint)), load_tokenizer(str(checkpoint))
    origin, changes = section.origin, section.config
    if isinstance(origin, FromScratchSection):
        tokenizer = build_tokenizer(
            origin.tokenizer, texts.sources, texts.targets, revision=tokenizer_commit
        )
        return build_model(origin, tokenizer, changes), tokenizer
    config = load_config(origin.name, revision=origin.revision, overrides=changes)
    tokenizer = load_tokenizer(origin.name, revision=origin.revision)
    return load_model(origin.name, revision=origin.revision, config=config), tokenizer


def _resolve(
    recipe: Recipe,
    model_type: str,
    tokenizer: PreTrainedTokenizerBase,
    validation: Examples,
    checkpoint: Path | None,
) -> tuple[FittedRecipe, list[Choice]]:
    """Choose what depends on the model, and print compromises."""
    facts = find_facts(recipe, model_type, tokenizer, validation, checkpoint)
    resolved, choices = resolve_for_model(recipe, facts)
    for choice in choices:
        if choice.is_compromise:
            say(f"{choice.key}: {choice.value}; {choice.reason}")
    return resolved, choices


def _with_prefix(texts: _Texts, prefix: str) -> _Texts:
    sources = [prefix + source for source in texts.sources]
    return _Texts(sources, texts.targets, texts.validation, texts.test)


def _without_prefix(texts: _Texts, prefix: str) -> Iterator[tuple[str, str]]:
    """Yield the pairs without prefix, one by one: a second list may not fit in memory."""
    for source, target in zip(texts.sources, texts.targets, strict=True):
        yield source.removeprefix(prefix), target


def _encode(texts: _Texts, tokenizer: PreTrainedTokenizerBase, recipe: Recipe) -> EncodedDataset:
    with track("tokenizing", 2 * len(texts.sources), "texts") as advance:
        dataset = encode_dataset(
            texts.sources,
            texts.targets,
            tokenizer,
            max_source_length=recipe.data.max_source_length,
            max_target_length=recipe.data.max_target_length,
            on_progress=advance,
        )
    if dataset.num_truncated:
        say(
            f"data: {dataset.num_truncated:,} of {2 * len(dataset):,} training texts were cut to "
            "data.max_source_length or data.max_target_length"
        )
    return dataset

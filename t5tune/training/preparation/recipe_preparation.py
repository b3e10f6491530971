"""The preparation of a training: only the order of the steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from transformers import PreTrainedModel, PreTrainedTokenizerBase, set_seed

from t5tune.console import say, track
from t5tune.data.side_encoding import end_targets
from t5tune.data.text_normalizers import choose_normalizer
from t5tune.decoding.loaded_model import LoadedModel
from t5tune.decoding.search import build_generation_config
from t5tune.decoding.torch_translator import TorchTranslator
from t5tune.decoding.translator import options_of_recipe
from t5tune.distributed.processes import OfMainProcess
from t5tune.models.adapters import add_adapter, fingerprint_weights, load_trained
from t5tune.models.freezing import freeze_parts
from t5tune.models.from_scratch import build_model
from t5tune.models.generation import override_needs
from t5tune.models.input_settings import Beginning, InputSettings
from t5tune.models.language_directions import list_directions
from t5tune.models.loading import load_config, load_model, load_tokenizer
from t5tune.recipe.choices import Choice, ModelFacts
from t5tune.recipe.resolve import resolve_for_model
from t5tune.recipe.resolved_recipe import FittedRecipe
from t5tune.recipe.schema import Recipe
from t5tune.recipe.sections.from_scratch_section import FromScratchSection
from t5tune.reporting.beside.kinds import check_sections
from t5tune.reporting.recipe_scoring import rehearse_recipe_scoring
from t5tune.run.directory import RunDirectory
from t5tune.run.manifest import find_damage
from t5tune.training.checkpoints.resuming import (
    BASE,
    BF16,
    DATA,
    PREFIX,
    RECIPE,
    ROUNDS,
    VERSIONS,
    check_base,
    check_data,
    choose_checkpoint,
    fingerprint_recipe,
    warn_of_versions,
)
from t5tune.training.checkpoints.store import remove_unfinished
from t5tune.training.preparation.commits import TOKENIZER, pin_data, pin_model
from t5tune.training.preparation.denoising_objective import choose_objective
from t5tune.training.preparation.entry_languages import begin_all_texts
from t5tune.training.preparation.environment import package_versions, record_environment
from t5tune.training.preparation.family_choices import say_family
from t5tune.training.preparation.model_facts import find_facts
from t5tune.training.preparation.rehearsal import rehearse
from t5tune.training.preparation.start import Start
from t5tune.training.preparation.texts import Texts, open_texts
from t5tune.training.preparation.tokens import prepare_tokens
from t5tune.training.preparation.vocabulary.added_vocabulary import add_vocabulary
from t5tune.training.preparation.vocabulary.learned_vocabulary import find_or_build_tokenizer
from t5tune.training.recipe_batches import choose_seed
from t5tune.training.recipe_mixture import plan_phases

LoadModel = Callable[..., PreTrainedModel]


def prepare(
    recipe: Recipe, run: RunDirectory, command: str | None, load: LoadModel = load_model
) -> Start:
    """Prepare data, model and checkpoint, each checked against the others; see `session.train`.

    Args:
        recipe: As given to `session.train`, like the next two.
        run: Run directory.
        command: Command that was typed.
        load: Loads a pretrained model.

    Raises:
        T5TuneError: Data, model or settings cannot be used.
    """
    rehearse_recipe_scoring(recipe)
    checkpoint = _find_checkpoint(run)
    pinned, commits = pin_model(recipe, run, is_resumed=checkpoint is not None)
    pinned, data_commits = pin_data(pinned, run)
    settled = choose_objective(pinned, checkpoint)
    texts = open_texts(settled.data, recipe.source_lang, recipe.target_lang)
    if checkpoint is None:  # a run that resumes asks the hub for nothing
        check_sections(pinned)
    facts: dict[str, Any] = {
        RECIPE: fingerprint_recipe(recipe),
        DATA: texts.fingerprint_validation(),
        VERSIONS: package_versions(),
    }
    if checkpoint is not None:
        check_data(checkpoint, facts[DATA])
        warn_of_versions(checkpoint, facts[VERSIONS])
    set_seed(recipe.training.seed)
    model, tokenizer = _build_or_load(pinned, texts, checkpoint, commits.get(TOKENIZER), load)
    model_type = model.config.model_type
    beginning = begin_all_texts(model_type, tokenizer, recipe)
    needs = find_facts(settled, model, tokenizer, texts.validation, checkpoint)
    resolved, choices = _resolve(pinned, needs)
    if not pinned.model.is_from_scratch:
        say_family(model, tokenizer, resolved, choices, beginning)
    freeze_parts(model, resolved.model.freeze)
    if resolved.model.adapter is not None:
        facts[BASE] = _add_adapter(model, resolved, checkpoint)
    facts[BF16] = resolved.training.bf16
    facts[PREFIX] = resolved.data.prefix
    if (varied := resolved.data.augment or resolved.data.denoise) is not None:
        facts[ROUNDS] = varied.rounds
    tokens = prepare_tokens(texts, tokenizer, resolved.data, model, run)
    facts[DATA] = tokens.fingerprints | facts[DATA]
    if checkpoint is not None:
        check_data(checkpoint, facts[DATA])
    phases = plan_phases(resolved.data, tokens.dataset, choose_seed(resolved.training))
    for phase in phases:
        say(str(phase))
    mixture = [phase.to_json() for phase in phases]
    num_examples = texts.count_examples(tokens.num_examples)
    remarks = texts.list_remarks(tokens.remarks)
    commits |= data_commits
    stores = tokens.stores.by_key if tokens.stores is not None else {}
    cleaning = {key: store.manifest.cleaning for key, store in stores.items()}
    record_environment(
        run, recipe, facts[DATA], num_examples, command, commits, remarks, mixture,
        {key: report for key, report in cleaning.items() if report is not None},
    )  # fmt: skip
    loaded = _set_up_search(run.name, model, tokenizer, resolved, beginning)
    rehearse(loaded, resolved.model, resolved.export, run, tokens.dataset, resolved.target_lang)
    return Start(
        resolved, choices, tokens.stores, tokens.dataset, loaded, texts.validation,
        OfMainProcess(texts.reported), checkpoint, facts, OfMainProcess(tokens.streamed),
    )  # fmt: skip


def _find_checkpoint(run: RunDirectory) -> Path | None:
    """Return the checkpoint to resume from, if any, without what a killed command left."""
    if run.model.is_dir() and (damage := find_damage(run.model)):
        say(f"{run.model}: {damage}; it is made again from the checkpoints")
    remove_unfinished(run.checkpoints)
    return choose_checkpoint(run)


@track("preparing the model")
def _build_or_load(
    recipe: Recipe,
    texts: Texts,
    checkpoint: Path | None,
    tokenizer_commit: str | None,
    load: LoadModel,
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Build or load the model; a checkpoint contains all of it, so its origin is not needed.

    Beside an adapter it contains none of it.
    """
    section = recipe.model
    if checkpoint is not None and section.adapter is None:
        return load_model(str(checkpoint)), load_tokenizer(str(checkpoint))
    origin, changes = section.origin, section.config
    if isinstance(origin, FromScratchSection):
        tokenizer = find_or_build_tokenizer(recipe, texts, tokenizer_commit)
        return build_model(origin, tokenizer, changes), tokenizer
    config = load_config(origin.name, revision=origin.revision, overrides=changes)
    if checkpoint is not None:
        tokenizer = load_tokenizer(str(checkpoint))
    else:
        tokenizer = load_tokenizer(origin.name, revision=origin.revision)
    model = load(origin.name, revision=origin.revision, config=config)
    override_needs(model.generation_config, changes)
    tokenizer = add_vocabulary(model, tokenizer, section, recipe.source_lang, texts)
    end_targets(tokenizer)
    return model, tokenizer


def _add_adapter(model: PreTrainedModel, recipe: FittedRecipe, checkpoint: Path | None) -> str:
    """Add the adapter of the recipe, as new or from a checkpoint; return the model's hash."""
    assert recipe.model.adapter is not None
    weights = fingerprint_weights(model)
    if checkpoint is not None:
        check_base(checkpoint, weights, str(recipe.model.name))
    add_adapter(model, recipe.model.adapter, seed=recipe.training.seed)
    if checkpoint is not None:
        load_trained(model, checkpoint)
    return weights


def _resolve(recipe: Recipe, facts: ModelFacts) -> tuple[FittedRecipe, Sequence[Choice]]:
    resolved, choices = resolve_for_model(recipe, facts)
    for choice in choices:
        if choice.is_compromise:
            say(f"{choice.key}: {choice.value}; {choice.reason}")
    return resolved, choices


def _set_up_search(
    name: str,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    recipe: FittedRecipe,
    beginning: Beginning,
) -> LoadedModel:
    """Give the model the search of the recipe, which is saved with it."""
    data, decoding = recipe.data, recipe.decoding
    options = options_of_recipe(decoding, decoding.max_new_tokens)
    model.generation_config = build_generation_config(model, options, beginning)
    settings = InputSettings(
        data.model_prefix,
        data.max_source_length,
        long_sources=data.long_sources,
        source_lang=recipe.source_lang,
        normalization=choose_normalizer(data.normalization, recipe.source_lang).names,
        directions=list_directions(
            data, (recipe.source_lang, recipe.target_lang), model.config.model_type
        ),
        **asdict(beginning),
    )
    return LoadedModel(name, TorchTranslator(model, tokenizer, settings), tokenizer, options)

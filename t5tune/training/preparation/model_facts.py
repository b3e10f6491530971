"""Facts about the model, the validation data and this machine that resolving a recipe needs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from t5tune.console import say
from t5tune.data.examples import Examples
from t5tune.files.json_values import as_object
from t5tune.models.adapters import find_targets
from t5tune.models.directories import SETTINGS_KEY
from t5tune.models.families import default_prefix, find_family, find_tag, is_byte_level
from t5tune.models.language_directions import check_languages, choose_prefixes
from t5tune.recipe.choices import ModelFacts
from t5tune.recipe.schema import Recipe
from t5tune.reporting.evaluation import longest_references
from t5tune.run.manifest import read_fact
from t5tune.training.checkpoints.resuming import BF16, PREFIX, ROUNDS
from t5tune.training.preparation.precision import measure_bf16

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase


def find_facts(
    recipe: Recipe,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    validation: Examples,
    checkpoint: Path | None,
) -> ModelFacts:
    """Look up, count and measure what the recipe leaves open.

    The validation set has the longest reference, and the checkpoint to resume from the precision
    that the run began in.
    """
    model_type, adapter = model.config.model_type, recipe.model.adapter
    asks_for_limit = recipe.decoding.max_new_tokens is None
    gains_by_bf16 = measure_bf16() if recipe.training.bf16 == "auto" else None
    began_in_bf16 = read_fact(checkpoint, BF16) if checkpoint is not None else None
    if began_in_bf16 is not None and gains_by_bf16 not in (None, began_in_bf16):
        kind = "bf16" if began_in_bf16 else "fp32"
        say(f"precision: {kind}, as this run began; the other one would be faster on this machine")
    return replace(
        find_prefixes(recipe, model_type, tokenizer, model.config, checkpoint),
        length_limit=longest_references(validation, tokenizer) if asks_for_limit else None,
        gains_by_bf16=gains_by_bf16,
        began_in_bf16=began_in_bf16,
        began_with_rounds=read_fact(checkpoint, ROUNDS) if checkpoint is not None else None,
        adapter_targets=find_targets(model, adapter.type)
        if adapter is not None and adapter.targets is None
        else None,
    )


def find_prefixes(
    recipe: Recipe,
    model_type: str,
    tokenizer: PreTrainedTokenizerBase,
    config: PreTrainedConfig | None = None,
    checkpoint: Path | None = None,
) -> ModelFacts:
    """Return the facts that decide the tokens of texts, for which no weights are needed.

    Args:
        recipe: Recipe as written.
        model_type: Type in the model's configuration.
        tokenizer: Tokenizer of the model.
        config: The model's configuration; None for a new model.
        checkpoint: Checkpoint that training resumes from.
    """
    languages = recipe.source_lang, recipe.target_lang
    prefix = default_prefix(
        model_type, recipe.task, *languages, is_byte_level=is_byte_level(tokenizer)
    )
    began_without = checkpoint is None or read_fact(checkpoint, PREFIX) == ""
    if began_without and as_object(getattr(config, SETTINGS_KEY, None)).get("prefix") == "":
        prefix = ""  # the model of a run whose sources had none
    tag = find_tag(model_type, tokenizer, recipe.task, recipe.target_lang)
    if checkpoint is not None and read_fact(checkpoint, PREFIX) != tag:
        tag = ""  # as in the version that the run began with
    directions = recipe.data.find_directions(languages)
    prefixes = {}
    if len(directions) > 1:
        if find_family(model_type).has_language_tokens:
            check_languages(recipe.data, languages, tokenizer)
        from_scratch = recipe.model.is_from_scratch
        prefixes = choose_prefixes(
            model_type, tokenizer, recipe.task, directions, from_scratch=from_scratch
        )
    return ModelFacts(
        model_type=model_type,
        learning_rate=find_family(model_type).learning_rate,
        prefix=tag or prefix,
        is_tag=bool(tag),
        direction_prefixes=prefixes,
        objective=None if recipe.data.denoise is None else recipe.data.denoise.objective,
    )

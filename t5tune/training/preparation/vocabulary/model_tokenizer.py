"""The tokenizer that training uses, found without the model's weights."""

from __future__ import annotations

from transformers import PreTrainedConfig, PreTrainedTokenizerBase

from t5tune.data.side_encoding import end_targets
from t5tune.models.loading import load_config, load_tokenizer
from t5tune.recipe.schema import Recipe
from t5tune.recipe.sections.from_scratch_section import FromScratchSection
from t5tune.training.preparation.texts import Texts
from t5tune.training.preparation.vocabulary.added_vocabulary import extend_tokenizer
from t5tune.training.preparation.vocabulary.learned_vocabulary import find_or_build_tokenizer


def open_tokenizer(
    recipe: Recipe, texts: Texts, commit: str | None = None
) -> tuple[PreTrainedTokenizerBase, str, PreTrainedConfig | None]:
    """Return the tokenizer, the type of the model, and its configuration if it is not new.

    Args:
        recipe: Recipe as written.
        texts: Texts that a new vocabulary is learned from.
        commit: Commit of the tokenizer that a new model takes over from the hub.

    Raises:
        T5TuneError: The tokenizer or the configuration cannot be used, or it cannot be learned.
    """
    origin = recipe.model.origin
    if isinstance(origin, FromScratchSection):
        tokenizer = find_or_build_tokenizer(recipe, texts, commit)
        return tokenizer, origin.architecture, None
    overrides = recipe.model.config
    config = load_config(origin.name, revision=origin.revision, overrides=overrides)
    tokenizer = load_tokenizer(origin.name, revision=origin.revision)
    tokenizer = extend_tokenizer(tokenizer, recipe.model, recipe.source_lang)
    end_targets(tokenizer)
    return tokenizer, config.model_type, config

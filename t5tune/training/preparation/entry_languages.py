"""The languages of a recipe and of the entries of its mixture, which a tokenizer is told."""

from __future__ import annotations

from transformers import PreTrainedTokenizerBase

from t5tune.errors import T5TuneError
from t5tune.models.families import begin_texts
from t5tune.models.input_settings import Beginning
from t5tune.recipe.schema import Recipe


def begin_all_texts(
    model_type: str, tokenizer: PreTrainedTokenizerBase, recipe: Recipe
) -> Beginning:
    """Tell a tokenizer the recipe's languages, and return how the model begins its outputs.

    Raises:
        T5TuneError: The model does not know a language of the recipe or of an entry.
    """
    for key in recipe.data.training_entries if recipe.data.mixture else ():
        _check_languages(model_type, tokenizer, key, recipe)
    return begin_texts(model_type, tokenizer, recipe.source_lang, recipe.target_lang)


def _check_languages(
    model_type: str, tokenizer: PreTrainedTokenizerBase, key: str, recipe: Recipe
) -> None:
    """Refuse an entry in a language that the model does not know."""
    languages = recipe.source_lang, recipe.target_lang
    try:
        begin_texts(model_type, tokenizer, *recipe.data.languages_of(key, languages))
    except T5TuneError as error:
        message = f"data.{key}.{error.message}"
        raise T5TuneError(message, next_command=error.next_command) from error

"""What the family of a pretrained model needs, said before step 1 with the keys that change it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from t5tune.console import say
from t5tune.models.families import OTHER, find_family
from t5tune.models.generation import FORCED_BOS, find_start, read_needs
from t5tune.models.input_settings import Beginning
from t5tune.recipe.choices import AS_WRITTEN, Choice, list_of_family
from t5tune.recipe.resolved_recipe import FittedRecipe

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def say_family(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    recipe: FittedRecipe,
    choices: Iterable[Choice],
    beginning: Beginning,
) -> None:
    """Print the family and, in a line each, what is used for it and why.

    Args:
        model: Pretrained model.
        tokenizer: Its tokenizer, which knows the languages.
        recipe: Recipe resolved for the model.
        choices: Choices that the recipe left open.
        beginning: What the languages decide.
    """
    model_type = model.config.model_type
    family = find_family(model_type)
    if family is OTHER:
        say(
            f"warning: model.name: t5tune does not know the family {model_type} and trains it with "
            "neutral settings; docs/models.md lists the families that are tested"
        )
    else:
        say(f"family: {family.title}; each line begins with the key that changes it")
    languages = _list_languages(tokenizer, recipe) if family.has_language_tokens else ()
    tokens = _list_tokens(model, tokenizer, recipe, beginning)
    for choice in (*languages, *tokens, *list_of_family(recipe, choices)):
        say(f"  {choice}")


def _list_languages(tokenizer: PreTrainedTokenizerBase, recipe: FittedRecipe) -> Iterator[Choice]:
    codes = {"source_lang": tokenizer.src_lang, "target_lang": tokenizer.tgt_lang}
    for key, code in codes.items():
        written = getattr(recipe, key)
        yield Choice(key, code, AS_WRITTEN if code == written else f"the model's code of {written}")


def _list_tokens(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    recipe: FittedRecipe,
    beginning: Beginning,
) -> Iterator[Choice]:
    """Yield what the decoder starts from, and the first token that it has to generate."""
    needs = read_needs(model.generation_config, model.config)
    of_languages = {key: number for key, number in asdict(beginning).items() if number is not None}
    for key in (find_start({**needs, **of_languages}), FORCED_BOS):
        number, reason = needs.get(key), "as the model's configuration says"
        if key in of_languages:
            number, reason = of_languages[key], "target_lang decides"
        elif key in recipe.model.config:
            reason = AS_WRITTEN
        elif number is None:
            reason = "the model chooses the first token itself"
        if isinstance(number, int):
            reason = f"{tokenizer.convert_ids_to_tokens(number)}, {reason}"
        yield Choice(f"model.config.{key}", number, reason)

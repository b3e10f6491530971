"""How sources tell a model with several directions which one is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from t5tune.data.text_normalizers import choose_normalizer
from t5tune.errors import T5TuneError
from t5tune.models.families import (
    default_prefix,
    find_code,
    find_family,
    find_language_codes,
    find_tag,
    is_byte_level,
)
from t5tune.models.input_settings import Direction

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from t5tune.recipe.resolved_recipe import ResolvedData
    from t5tune.recipe.sections.data_section import DataSection

Languages = tuple[str | None, str | None]  # codes of source and target


def name_tags(directions: Sequence[Languages]) -> dict[Languages, str]:
    """Return a tag for each direction, such as `<2de>`, as Johnson et al. 2017 put it first.

    Where two directions have the same target language, tags name both: `<en2de>`.
    """
    targets = [target for _, target in directions]
    is_enough = len(set(targets)) == len(targets)
    return {
        (source, target): f"<2{target}>" if is_enough else f"<{source}2{target}>"
        for source, target in directions
    }


def list_tags(data: DataSection, languages: Languages) -> list[str]:
    """Return the words that name a direction, where a recipe has several.

    They are those before the sources of its entries, if they are single words, else tags.

    Args:
        data: Data section of the recipe.
        languages: Languages of the recipe.
    """
    directions = data.find_directions(languages)
    if len(directions) == 1:
        return []
    tags = name_tags(directions)
    words = [
        tags[data.languages_of(key, languages)] if entry.prefix is None else entry.prefix.strip()
        for key, entry in data.training_entries.items()
    ]
    return [word for word in dict.fromkeys(words) if word and not any(map(str.isspace, word))]


def add_tags(tokenizer: PreTrainedTokenizerBase, tags: Sequence[str]) -> None:
    """Make tokens of the tags in a vocabulary that was learned from texts without them."""
    from tokenizers import AddedToken

    tokenizer.add_tokens([AddedToken(tag, special=True) for tag in tags], True)


def list_directions(
    data: ResolvedData, languages: Languages, model_type: str
) -> tuple[Direction, ...]:
    """Return the directions of a recipe's model, the recipe's own first; none if it has one.

    Args:
        data: Data section of the resolved recipe.
        languages: Languages of the recipe.
        model_type: Type in the model's configuration.
    """
    prefixes: dict[Languages, str] = {}
    for key, entry in data.training_entries.items():
        prefixes.setdefault(data.languages_of(key, languages), entry.prefix or "")
    if len(prefixes) == 1:
        return ()
    has_tokens = find_family(model_type).has_language_tokens
    return tuple(
        Direction(
            *one, prefixes[one], has_tokens, choose_normalizer(data.normalization, one[0]).names
        )
        for one in data.find_directions(languages)
    )


def check_languages(
    data: DataSection, languages: Languages, tokenizer: PreTrainedTokenizerBase
) -> None:
    """Refuse entries whose languages have no token in the tokenizer.

    Args:
        data: Data section of the recipe.
        languages: Languages of the recipe.
        tokenizer: Tokenizer of a family with tokens of languages.

    Raises:
        T5TuneError: The model does not know a language; the error names the key.
    """
    codes = find_language_codes(tokenizer)
    for key in data.training_entries:
        source_lang, target_lang = data.languages_of(key, languages)
        find_code(source_lang, codes, f"data.{key}.source_lang")
        find_code(target_lang, codes, f"data.{key}.target_lang")


def choose_prefixes(
    model_type: str,
    tokenizer: PreTrainedTokenizerBase,
    task: str,
    directions: Sequence[Languages],
    *,
    from_scratch: bool,
) -> dict[Languages, str]:
    """Return what stands before the sources of each direction.

    Models with tokens of languages need nothing. Those that were pretrained with prefixes or tags
    get theirs, and others a tag in letters.

    Raises:
        T5TuneError: The model has tokens for some of the languages and not for others.
    """
    family = find_family(model_type)
    if family.has_language_tokens:
        return dict.fromkeys(directions, "")
    tags = {one: f"{tag} " for one, tag in name_tags(directions).items()}
    if from_scratch:
        return tags
    is_bytes = is_byte_level(tokenizer)
    own = {one: find_tag(model_type, tokenizer, task, one[1]) for one in directions}
    if any(own.values()):
        for (_, target), tag in own.items():
            if not tag:
                raise T5TuneError(
                    f"data.train: the model has tokens that name the target language, and none for "
                    f"{target}.",
                    next_command="another model, or a recipe without entries in that language",
                )
        return own
    known = {
        one: default_prefix(model_type, task, *one, is_byte_level=is_bytes) for one in directions
    }
    if family.has_prefixes and not is_bytes:
        in_codes = {one: f"translate {one[0]} to {one[1]}: " for one in directions}
        return {one: known[one] or in_codes[one] for one in directions}
    return tags

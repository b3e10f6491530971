"""Tokens and a language that a recipe adds to a pretrained model, and what they change."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from t5tune.console import say
from t5tune.errors import T5TuneError
from t5tune.models.families import find_family, find_language_codes
from t5tune.models.new_embeddings import start_embeddings
from t5tune.models.new_tokens import add_language, add_tokens, find_next_id, find_parts
from t5tune.recipe.sections.model_section import ModelSection
from t5tune.training.preparation.texts import Texts

_MOST_COUNTED = 10_000  # training examples whose unknown tokens are counted
_SIDES = {"source": ("sources", "text"), "target": ("targets", "text_target")}


def add_vocabulary(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    section: ModelSection,
    source_lang: str | None,
    texts: Texts,
) -> PreTrainedTokenizerBase:
    """Add the new tokens and language of a recipe to a model, and return its tokenizer with them.

    Args:
        model: Pretrained model, whose embeddings are changed in place.
        tokenizer: Its tokenizer.
        section: Section of the recipe.
        source_lang: Language of the sources.
        texts: Texts whose unknown tokens are counted before and after, for the log.

    Raises:
        T5TuneError: The tokenizer cannot take one of them.
    """
    if not section.new_tokens and section.new_language is None:
        return tokenizer
    num_known, language = find_next_id(tokenizer), section.new_language
    if language is not None and not find_family(model.config.model_type).has_language_tokens:
        raise T5TuneError(
            f"model.new_language: a {model.config.model_type} model has no tokens of languages; "
            "its prefix or its training data says what it translates.",
            next_command="remove model.new_language from the recipe",
        )
    tokens = _list_missing(tokenizer, section)
    donors = {token: find_parts(tokenizer, token) for token in tokens}
    before = _count_unknown(tokenizer, texts)
    extended = extend_tokenizer(tokenizer, section, source_lang)
    if language is not None:
        donors[language.code] = [find_language_codes(extended)[language.like]]
    by_id = {int(extended.convert_tokens_to_ids(t)): ids for t, ids in donors.items()}
    if by_id:
        start_embeddings(model, by_id, num_known)
    _describe(section, len(tokens), before, _count_unknown(extended, texts))
    return extended


def extend_tokenizer(
    tokenizer: PreTrainedTokenizerBase, section: ModelSection, source_lang: str | None
) -> PreTrainedTokenizerBase:
    """Return a tokenizer with the new tokens and language of a recipe.

    Raises:
        T5TuneError: It cannot take one of them.
    """
    if tokens := _list_missing(tokenizer, section):
        tokenizer = add_tokens(tokenizer, tokens)
    if (new := section.new_language) is not None:
        add_language(tokenizer, new.code, new.like, as_source=new.code == source_lang)
    return tokenizer


def _list_missing(tokenizer: PreTrainedTokenizerBase, section: ModelSection) -> list[str]:
    vocabulary = tokenizer.get_vocab()
    return [token for token in section.new_tokens if token not in vocabulary]


@dataclass(frozen=True)
class _Unknown:
    """Unknown tokens of one side of the training data."""

    side: str
    num_unknown: int
    num_tokens: int

    def __str__(self) -> str:
        return f"{100 * self.num_unknown / max(1, self.num_tokens):.2f} %"


def _count_unknown(tokenizer: PreTrainedTokenizerBase, texts: Texts) -> list[_Unknown]:
    if tokenizer.unk_token_id is None:
        return []
    counted = []
    for side, (name, argument) in _SIDES.items():
        doing = "counting the unknown tokens of"
        some = list(islice(texts.training.side(name, doing), _MOST_COUNTED))
        settings = {argument: some, "add_special_tokens": False, "verbose": False}
        rows: list[list[int]] = tokenizer(**settings)["input_ids"]
        num_unknown = sum(row.count(tokenizer.unk_token_id) for row in rows)
        counted.append(_Unknown(side, num_unknown, sum(map(len, rows))))
    return counted


def _describe(
    section: ModelSection, num_added: int, before: list[_Unknown], after: list[_Unknown]
) -> None:
    parts = [f"{num_added:,} new tokens"] if section.new_tokens else []
    if num_known := len(section.new_tokens) - num_added:
        parts.append(f"{num_known:,} that the model has already")
    if (language := section.new_language) is not None:
        parts.append(f"the language {language.code}, which starts like {language.like}")
    say(f"vocabulary: {', '.join(parts)}")
    if before:
        changes = (f"{b.side} {b} -> {a}" for b, a in zip(before, after, strict=True))
        say(
            f"vocabulary: unknown tokens of the first {_MOST_COUNTED:,} training examples: "
            f"{', '.join(changes)}"
        )

"""Tokenizers learned from training data, each learned once and kept in the cache."""

from __future__ import annotations

from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from transformers import PreTrainedTokenizerBase

from t5tune.data.denoising.noise_tokens import add_noise_tokens
from t5tune.data.store.store_key import LIBRARIES, digest_tokenizer
from t5tune.errors import T5TuneError
from t5tune.files.cache_directory import mark_used, name_in_cache, user_cache_directory
from t5tune.files.writing import write_directory
from t5tune.models.language_directions import add_tags
from t5tune.models.loading import load_tokenizer
from t5tune.models.new_tokenizers import build_tokenizer
from t5tune.recipe.schema import Recipe
from t5tune.recipe.sections.from_scratch_section import TokenizerSection
from t5tune.training.preparation.texts import Texts
from t5tune.training.preparation.vocabulary.vocabulary_texts import VocabularyTexts

_DIGEST = "t5tune-digest.txt"  # beside the files: what `digest_tokenizer` returned
_VERSION = 1  # of the way from texts to a vocabulary


def find_or_build_tokenizer(
    recipe: Recipe, texts: Texts, revision: str | None
) -> PreTrainedTokenizerBase:
    """Return the tokenizer of a new model, as `build_tokenizer` does.

    Of plain text, it has tokens for what is left out; of several directions, one for each.

    Args:
        recipe: Recipe as written, of a model from scratch.
        texts: Texts of the run.
        revision: Commit of an existing tokenizer on the hub.

    Raises:
        T5TuneError: An existing tokenizer cannot be loaded, the training data cannot be read, or
            it does not allow such a vocabulary.
    """
    assert recipe.model.from_scratch is not None  # the caller has looked
    section = recipe.model.from_scratch.tokenizer
    tokenizer = _find_or_build(section, VocabularyTexts(recipe, texts), texts, revision)
    if texts.objective is not None:
        add_noise_tokens(tokenizer, texts.objective)
    if texts.tags and section.type not in ("existing", "bytes"):
        add_tags(tokenizer, texts.tags)
    return tokenizer


def _find_or_build(
    section: TokenizerSection, learned: VocabularyTexts, texts: Texts, revision: str | None
) -> PreTrainedTokenizerBase:
    if section.type in ("existing", "bytes"):
        return build_tokenizer(section, (), (), revision=revision)
    settings = section.model_dump()
    for name in ("separate_vocabs", "augmented"):
        if not settings[name]:  # as in the cache of earlier versions
            del settings[name]
    libraries = map(version, LIBRARIES)
    key = [_VERSION, settings, texts.identity.values, *libraries, *learned.identity]
    directory = user_cache_directory() / "tokenizers" / name_in_cache(key)
    known = _load(directory)
    if known is not None:
        mark_used(directory)
        return known
    sources, targets = learned.open()
    is_text = texts.objective is not None  # both sides are the same
    tokenizer = build_tokenizer(section, sources, () if is_text else targets)
    texts.identity.check_unchanged()
    with suppress(OSError):  # it can be learned again
        _save(tokenizer, directory)
    return tokenizer


def _load(directory: Path) -> PreTrainedTokenizerBase | None:
    """Load a tokenizer; None if it is missing or is not what was saved."""
    try:
        digest = (directory / _DIGEST).read_text(encoding="utf-8")
        tokenizer = load_tokenizer(str(directory))
    except (OSError, ValueError, T5TuneError):
        return None
    return tokenizer if digest_tokenizer(tokenizer) == digest else None


def _save(tokenizer: PreTrainedTokenizerBase, directory: Path) -> None:
    with write_directory(directory) as temporary:
        tokenizer.save_pretrained(temporary)
        (temporary / _DIGEST).write_text(digest_tokenizer(tokenizer), encoding="utf-8")

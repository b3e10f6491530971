"""A T5 with random weights, and the tokenizers that go with it."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING

import psutil

from t5tune.errors import T5TuneError
from t5tune.models.loading import apply_overrides, load_tokenizer, refuse_fields

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from t5tune.recipe.model_section import FromScratchSection, TokenizerSection

SPECIAL_TOKENS = ("<pad>", "</s>", "<unk>")  # at T5's ids 0, 1, 2
# SentencePiece holds all its texts in memory: of more of them it gets each second, third, ...
MOST_TEXTS = 2_000_000
SPACE = "▁"  # stands for the blank before a word, as in SentencePiece


def build_tokenizer(
    section: TokenizerSection,
    sources: Iterable[str],
    targets: Iterable[str],
    *,
    revision: str | None = None,
) -> PreTrainedTokenizerBase:
    """Build the tokenizer of a new model from its training data, or load an existing one.

    The texts are read several times.

    Raises:
        T5TuneError: An existing tokenizer cannot be loaded, or the training text does not
            allow a vocabulary of that size.
    """
    from transformers import ByT5Tokenizer

    if section.name is not None:
        return load_tokenizer(section.name, revision=revision)
    if section.type == "bytes":
        return ByT5Tokenizer(extra_ids=0)
    if section.type == "unigram":
        return _train_unigram((sources, targets), section.vocab_size)
    if section.type == "words":
        return _fixed_vocabulary(set(), _words(chain(sources, targets)))
    if section.whole_target_words:
        return _fixed_vocabulary(_characters(sources), _words(targets))
    return _fixed_vocabulary(_characters(chain(sources, targets)), set())


def _characters(texts: Iterable[str]) -> set[str]:
    return {character for text in texts for character in text}


def _words(texts: Iterable[str]) -> set[str]:
    return {word for text in texts for word in text.split()}


def _train_unigram(sides: Sequence[Iterable[str]], vocab_size: int) -> PreTrainedTokenizerBase:
    """Train a subword vocabulary (Kudo 2018), which takes seconds.

    SentencePiece runs on one thread: the trainer of `tokenizers` gives different scores, and
    different pieces where scores tie, each time it runs (version 0.23, one thread or several).
    """
    import sentencepiece
    from transformers import T5Tokenizer

    characters: set[str] = set()
    num_texts = 0
    for text in chain(*sides):
        characters.update(text)
        num_texts += 1
    num_characters = len(characters)
    if num_characters + len(SPECIAL_TOKENS) > vocab_size:
        raise T5TuneError(
            f"model.from_scratch.tokenizer.vocab_size: {vocab_size} is too small for training "
            f"text with {num_characters} different characters.",
            next_command="model.from_scratch.tokenizer.vocab_size="
            f"{2 * num_characters}   # or tokenizer.type=bytes",
        )
    texts = islice(chain(*sides), 0, None, -(-num_texts // MOST_TEXTS) or 1)
    trained = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=(" ".join(text.split()) for text in texts),
            model_writer=trained,
            model_type="unigram",
            vocab_size=vocab_size,
            hard_vocab_limit=False,  # a text with fewer pieces gets as many as it has
            character_coverage=1.0,
            # Like T5's tokenizer: it splits at white space and does not normalize.
            normalization_rule_name="identity",
            split_by_unicode_script=False,
            split_by_number=False,
            pad_id=0,
            eos_id=1,
            unk_id=2,
            bos_id=-1,
            num_threads=1,
            max_sentence_length=1 << 30,  # in bytes; longer texts would be left out
            minloglevel=2,  # log errors only
        )
    except RuntimeError as error:
        raise T5TuneError(
            f"model.from_scratch.tokenizer: no vocabulary of {vocab_size} pieces could be learned "
            f"from the training text: {error}",
            next_command="model.from_scratch.tokenizer.type=bytes   # or another vocab_size",
        ) from error
    model = sentencepiece.SentencePieceProcessor(model_proto=trained.getvalue())
    pieces = [model.id_to_piece(i) for i in range(len(model))]
    scores = [model.get_score(i) for i in range(len(model))]
    return T5Tokenizer(vocab=list(zip(pieces, scores, strict=True)), extra_ids=0)


def _fixed_vocabulary(characters: set[str], words: set[str]) -> PreTrainedTokenizerBase:
    """Build a tokenizer of known words; other words are split into characters.

    A unigram model takes the segmentation with the highest score, so a word (-1)
    beats its characters (-10 each).
    """
    from transformers import T5Tokenizer

    vocabulary = [(token, 0.0) for token in SPECIAL_TOKENS]
    known = sorted(c for c in characters if not c.isspace() and c != SPACE)
    if known or SPACE in characters:
        vocabulary += [(character, -10.0) for character in (SPACE, *known)]
    vocabulary += [(SPACE + word, -1.0) for word in sorted(words)]
    return T5Tokenizer(vocab=vocabulary, extra_ids=0)


def build_model(
    section: FromScratchSection,
    tokenizer: PreTrainedTokenizerBase,
    overrides: Mapping[str, Any],
) -> PreTrainedModel:
    """Build a T5 with random weights from torch's current random state.

    `overrides` are further fields of `T5Config`.

    Raises:
        T5TuneError: The configuration has no such field or does not accept its value, or the
            model does not fit into the machine's memory.
    """
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=section.d_model,
        d_kv=section.d_kv or section.d_model // section.num_heads,
        d_ff=section.d_ff,
        num_layers=section.num_layers,
        num_decoder_layers=section.num_decoder_layers or section.num_layers,
        num_heads=section.num_heads,
        feed_forward_proj=section.feed_forward_proj,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.pad_token_id,
    )
    apply_overrides(config, overrides)
    try:
        with torch.device("meta"):
            num_parameters = T5ForConditionalGeneration(config).num_parameters()
    except (ValueError, TypeError, RuntimeError, ArithmeticError, LookupError) as error:
        if not overrides:
            raise
        raise refuse_fields(error) from error
    _check_memory(num_parameters)
    return T5ForConditionalGeneration(config)


def _check_memory(num_parameters: int) -> None:
    """Refuse weights and gradients in fp32 that do not fit; other needs are not known yet."""
    needed, there = 2 * 4 * num_parameters, psutil.virtual_memory().total
    if needed > there:
        raise T5TuneError(
            f"model.from_scratch: {num_parameters:,} parameters need {needed / 1e9:,.1f} GB for "
            f"weights and gradients; this machine has {there / 1e9:,.1f} GB.",
            next_command="choose a smaller d_model, d_ff, num_layers or vocab_size",
        )

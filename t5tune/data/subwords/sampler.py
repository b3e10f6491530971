"""Other pieces for the words of texts that are tokenized, whatever the tokenizer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from random import Random
from typing import TYPE_CHECKING, Any, Protocol

from t5tune.data.side_encoding import choose_side
from t5tune.data.subwords.bpe import BpeDropout
from t5tune.data.subwords.unigram import UnigramSampling
from t5tune.errors import T5TuneError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    # Training imports this module, and benchmarks train where there is no pydantic.
    from t5tune.recipe.sections.augment_section import SubwordSampling

ALPHA = 0.2  # with a vocabulary of 8,000 pieces, texts of Multi30k have 1.3 times the tokens
DROPOUT = 0.1  # of Provilkov et al. 2020
_WORD_STARTS = ("▁", "Ġ")  # begin a word's first piece, in SentencePiece and byte-level BPE


class Method(Protocol):
    """A way to draw the pieces of a word."""

    def sample(self, word: str, draw: Random) -> list[str] | None:
        """Return the pieces of a word; None if the vocabulary cannot spell it."""


class SubwordSampler:
    """Draws other pieces for the words in a sequence of ids.

    Special and added tokens, unknown tokens and bytes stay as they are.

    Args:
        tokenizer: Tokenizer that gave the ids.
        method: Way to draw the pieces of a word.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, method: Method) -> None:
        self._piece_of = _list_pieces(tokenizer)
        self._id_of = {piece: i for i, piece in self._piece_of.items()}
        self._method = method

    def resample(self, ids: list[int], draw: Random) -> list[int]:
        """Return the ids of the same text in other pieces."""
        new: list[int] = []
        for word in self._words(ids):
            pieces = [self._piece_of.get(i) for i in word]
            sampled = None
            if None not in pieces:
                sampled = self._method.sample("".join(filter(None, pieces)), draw)
            if sampled is None or any(piece not in self._id_of for piece in sampled):
                new += word
            else:
                new += [self._id_of[piece] for piece in sampled]
        return new

    def _words(self, ids: list[int]) -> Iterator[list[int]]:
        """Yield the ids of each word; tokens that stay are words of their own."""
        word: list[int] = []
        for i in ids:
            piece = self._piece_of.get(i)
            if word and (piece is None or piece.startswith(_WORD_STARTS)):
                yield word
                word = []
            if piece is None:
                yield [i]
            else:
                word.append(i)
        if word:
            yield word


def build_samplers(
    tokenizer: PreTrainedTokenizerBase, section: SubwordSampling
) -> tuple[SubwordSampler, SubwordSampler | None]:
    """Return the samplers of sources and of targets; None for targets that stay as they are.

    Raises:
        T5TuneError: The tokenizer cannot sample, or not in the way that the section asks for.
    """
    sides = []
    for as_target in (False, True):
        side = choose_side(tokenizer, as_target=as_target)
        method = _find_method(side, section, as_target=as_target)
        sides.append(SubwordSampler(side, method))
    return sides[0], sides[1] if section.sides == "both" else None


def _find_method(
    tokenizer: PreTrainedTokenizerBase, section: SubwordSampling, *, as_target: bool
) -> Method:
    """Return the method that suits a tokenizer."""
    if tokenizer.is_fast:
        model = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
        if model["type"] == "Unigram":
            return _unigram(_usable(dict(model["vocab"]), tokenizer), section)
        has_affixes = model.get("continuing_subword_prefix") or model.get("end_of_word_suffix")
        if model["type"] == "BPE" and not has_affixes:
            merges = model["merges"]
            ranks = {
                tuple(merge.split(" ") if isinstance(merge, str) else merge): number
                for number, merge in enumerate(merges)
            }
            return _bpe(lambda a, b: ranks.get((a, b)), model["vocab"], section)
    scores = _scores_of_sentencepiece(tokenizer, as_target=as_target)
    if scores is None:
        raise T5TuneError(
            f"data.augment.subword: {type(tokenizer).__name__} cannot sample, because it has "
            "neither a unigram model nor byte-pair merges.",
            next_command="the same command with data.augment.subword=null",
        )
    # SentencePiece numbers the pieces of BPE; the scores of unigram models are logarithms.
    if any(score != int(score) for score in scores.values()):
        return _unigram(scores, section)
    return _bpe(lambda a, b: -scores[a + b] if a + b in scores else None, scores, section)


def _unigram(scores: Mapping[str, float], section: SubwordSampling) -> Method:
    if section.dropout is not None:
        raise _refuse_method("dropout", "a unigram model", "alpha")
    return UnigramSampling(scores, section.alpha or ALPHA)


def _bpe(rank: Any, vocabulary: Mapping[str, float], section: SubwordSampling) -> Method:
    if section.alpha is not None:
        raise _refuse_method("alpha", "byte-pair merges", "dropout")
    return BpeDropout(rank, vocabulary, section.dropout or DROPOUT)


def _refuse_method(given: str, found: str, other: str) -> T5TuneError:
    return T5TuneError(
        f"data.augment.subword.{given}: the model's tokenizer has {found}.",
        next_command=f"the same command with data.augment.subword.{other}=0.1 instead of {given}",
    )


def _scores_of_sentencepiece(
    tokenizer: PreTrainedTokenizerBase, *, as_target: bool
) -> dict[str, float] | None:
    """Return the scores of a slow tokenizer's pieces; None if it has no SentencePiece model."""
    names = ("spm_target" if as_target else "spm_source", "sp_model")
    model = next((found for name in names if (found := getattr(tokenizer, name, None))), None)
    if model is None:
        return None
    scores = {model.id_to_piece(i): model.get_score(i) for i in range(model.get_piece_size())}
    return _usable(scores, tokenizer)


def _usable(scores: Mapping[str, float], tokenizer: PreTrainedTokenizerBase) -> dict[str, float]:
    """Return the scores of pieces that have an id and are not special."""
    pieces = _list_pieces(tokenizer).values()
    return {piece: scores[piece] for piece in pieces if piece in scores}


def _list_pieces(tokenizer: PreTrainedTokenizerBase) -> dict[int, str]:
    """Return the pieces by their ids: neither special nor added tokens, nor bytes."""
    fixed = {*tokenizer.all_special_ids, *tokenizer.get_added_vocab().values()}
    return {
        i: piece
        for piece, i in tokenizer.get_vocab().items()
        if i not in fixed and not (piece.startswith("<0x") and piece.endswith(">"))
    }

"""Tokenization of training pairs, in the fastest way that gives the tokenizer's own ids."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from t5tune.data.pairs import Pairs
from t5tune.data.sentencepiece_encoding import call_sentencepiece
from t5tune.data.side_encoding import choose_side, encode_side
from t5tune.data.token_sequences import Lengths, flatten
from t5tune.data.truncation import shorten_all

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

EncodeTexts = Callable[[list[str]], Sequence[list[int]]]


class EncodedSide(NamedTuple):
    """Token sequences of one side, as in `TokenSequences`, and the number of those that were cut.

    Attributes:
        lengths: Number of tokens of each sequence, shape (num_sequences,).
        ids: Ids of all tokens, shape (num_tokens,).
        num_truncated: Number of sequences that were cut.
    """

    lengths: Lengths
    ids: NDArray[np.int32]
    num_truncated: int


class PairEncoder:
    """Tokenizes pairs of texts.

    Args:
        tokenizer: Tokenizer, which adds the end-of-sequence token itself.
        prefix: Text before every source.
        max_source_length: Number of tokens to which sources are cut.
        max_target_length: Number of tokens to which targets are cut.

    Attributes:
        vocab_size: Number that is greater than every id.
        limits: Number of tokens to which sources and targets are cut.
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        prefix: str,
        max_source_length: int,
        max_target_length: int,
    ) -> None:
        sides = {choose_side(tokenizer, as_target=as_target) for as_target in (False, True)}
        self.vocab_size = 1 + max(number for one in sides for number in one.get_vocab().values())
        self.limits = max_source_length, max_target_length
        self._prefix = prefix
        self._encode_source = choose_encoding(tokenizer, as_target=False)
        self._encode_target = choose_encoding(tokenizer, as_target=True)

    def encode_pairs(self, pairs: Pairs) -> tuple[EncodedSide, EncodedSide]:
        """Return the tokens of sources, with the prefix, and of targets."""
        return self.shorten(self.tokenize(pairs))

    def tokenize(self, pairs: Pairs) -> tuple[list[list[int]], list[list[int]]]:
        """Return the ids of sources, with the prefix, and of targets, of any length."""
        sources = [self._prefix + source for source in pairs.sources]
        return list(self._encode_source(sources)), list(self._encode_target(pairs.targets))

    def shorten(
        self, sides: tuple[list[list[int]], list[list[int]]]
    ) -> tuple[EncodedSide, EncodedSide]:
        """Cut what is longer than the limits."""
        (sources, targets), (of_sources, of_targets) = sides, self.limits
        return (
            _shorten_side(sources, self._encode_source, of_sources),
            _shorten_side(targets, self._encode_target, of_targets),
        )


def _shorten_side(sequences: list[list[int]], encode: EncodeTexts, max_length: int) -> EncodedSide:
    num_truncated = sum(len(ids) > max_length for ids in sequences)
    if num_truncated:
        sequences = shorten_all(sequences, max_length, encode)
    return EncodedSide(*flatten(sequences), num_truncated)


def choose_encoding(tokenizer: PreTrainedTokenizerBase, *, as_target: bool) -> EncodeTexts:
    """Return a function from texts to token ids, the fastest that gives the tokenizer's own ids.

    The library behind a tokenizer is called directly where it gives the same ids: a fast tokenizer
    takes a quarter longer, and Marian's 13 times as long. It gives others for the targets of mBART,
    NLLB and T5Gemma.
    """

    def encode(texts: list[str]) -> list[list[int]]:
        return encode_side(texts, tokenizer, as_target=as_target)

    if tokenizer.is_fast:
        encode_directly = _call_backend(tokenizer)
    else:
        encode_directly = call_sentencepiece(tokenizer, encode, as_target=as_target)
    probes = ["", "a", " An  ÉLAN of 12,345 naïve\u00a0你好\u2028lines </s> <unk>\t."]
    return encode_directly if encode_directly(probes) == encode(probes) else encode


def _call_backend(tokenizer: PreTrainedTokenizerBase) -> EncodeTexts:
    """Return a function that calls the library behind a fast tokenizer."""
    from tokenizers import Tokenizer

    backend = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())  # its state is its own
    backend.no_truncation()
    backend.no_padding()

    def encode_directly(texts: list[str]) -> list[list[int]]:
        return [encoding.ids for encoding in backend.encode_batch_fast(texts)]

    return encode_directly

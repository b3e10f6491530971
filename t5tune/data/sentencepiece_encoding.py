"""Tokenization by SentencePiece itself, for Marian's tokenizer, which is Python around it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from t5tune.data.side_encoding import choose_side

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_LEFT = -1  # id of an unknown piece


def call_sentencepiece(
    tokenizer: PreTrainedTokenizerBase,
    encode: Callable[[list[str]], Sequence[list[int]]],
    *,
    as_target: bool,
) -> Callable[[list[str]], Sequence[list[int]]]:
    """Return a function that gives all texts to SentencePiece at once, or the tokenizer's own.

    Texts that begin with a language or contain another added token are left to the tokenizer, and
    so are those with unknown characters: a vocabulary that both sides share may have them.

    Args:
        tokenizer: Tokenizer.
        encode: Function that calls it.
        as_target: Whether the texts are targets.
    """
    model = getattr(tokenizer, "spm_target" if as_target else "spm_source", None)
    if model is None:
        return encode
    known, unknown = choose_side(tokenizer, as_target=as_target).get_vocab(), tokenizer.unk_token_id
    ids = [known.get(model.id_to_piece(number), unknown) for number in range(len(model))]
    ids[model.unk_id()] = _LEFT
    marks = re.compile("|".join(["^>>", *map(re.escape, tokenizer.get_added_vocab())]))
    end = tokenizer.build_inputs_with_special_tokens([])

    def encode_directly(texts: list[str]) -> list[list[int]]:
        pieces = model.encode(texts, out_type=int, num_threads=1)
        rows = [[*(ids[piece] for piece in row), *end] for row in pieces]
        left = [
            number
            for number, (text, row) in enumerate(zip(texts, rows, strict=True))
            if _LEFT in row or marks.search(text)
        ]
        if left:
            for number, row in zip(left, encode([texts[i] for i in left]), strict=True):
                rows[number] = row
        return rows

    return encode_directly

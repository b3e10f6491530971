"""Training pairs as the model sees them: their pieces, and the text that these are decoded to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from t5tune.data.side_encoding import choose_side
from t5tune.data.token_sequences import TokenSequences

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from t5tune.data.pair_encoding import EncodedSide


@dataclass(frozen=True)
class EncodedText:
    """A text and its tokens.

    Attributes:
        text: Text with its prefix.
        pieces: Its tokens as the vocabulary writes them, cut to the limit.
        decoded: Text of these tokens.
        is_cut: Whether it was longer than the limit.
    """

    text: str
    pieces: tuple[str, ...]
    decoded: str
    is_cut: bool

    @property
    def is_same(self) -> bool:
        """Whether the tokens keep the text."""
        return self.decoded == self.text


@dataclass(frozen=True)
class EncodedExample:
    """A training pair and its tokens.

    Attributes:
        entry: Key of its entry in the recipe.
        number: Number of the pair among those that training uses, from 1.
        reason: Why it is shown.
        source: Its source.
        target: Its target.
    """

    entry: str
    number: int
    reason: str
    source: EncodedText
    target: EncodedText


def show_encoded(
    texts: tuple[str, str],
    sides: tuple[EncodedSide, EncodedSide],
    tokenizer: PreTrainedTokenizerBase,
    *,
    keeps_special: bool,
) -> tuple[EncodedText, EncodedText]:
    """Return the first of some encoded pairs, decoded.

    Args:
        texts: Its source, with the prefix, and its target.
        sides: Its tokens.
        tokenizer: Tokenizer.
        keeps_special: Whether special tokens are part of the decoded text.
    """
    source, target = (
        _show(text, side, choose_side(tokenizer, as_target=is_target), keeps_special=keeps_special)
        for text, side, is_target in zip(texts, sides, (False, True), strict=True)
    )
    return source, target


def _show(
    text: str, side: EncodedSide, tokenizer: PreTrainedTokenizerBase, *, keeps_special: bool
) -> EncodedText:
    ids = TokenSequences.from_arrays(side.lengths, side.ids)[0].tolist()
    decoded = tokenizer.decode(
        ids, skip_special_tokens=not keeps_special, clean_up_tokenization_spaces=False
    )
    pieces = tuple(map(str, tokenizer.convert_ids_to_tokens(ids)))
    return EncodedText(text, pieces, decoded, side.num_truncated > 0)

"""Characters that a model cannot see: unknown to its tokenizer, or changed by it."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from t5tune.data.side_encoding import choose_side, encode_side

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_WORD_MODELS = ("WordLevel", "WordPiece")  # of the tokenizers library: a whole word is unknown
_INVISIBLE = ("C", "Z", "M")  # first letters of Unicode's categories
_CONTROLS = {"\n": "line break", "\r": "carriage return", "\t": "tab"}


@dataclass(frozen=True)
class ChangedCharacter:
    """A character that does not come back when its tokens are decoded.

    Attributes:
        character: The character.
        count: How often it occurs.
        becomes: What comes back in its place; empty if nothing does.
    """

    character: str
    count: int
    becomes: str


class UnknownParts:
    """Finds the characters, or the words of a vocabulary of words, that are unknown in a text.

    Args:
        tokenizer: Tokenizer.

    Attributes:
        unknown_id: Id of the unknown token; None if the tokenizer knows everything.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self.unknown_id: int | None = tokenizer.unk_token_id
        self._tokenizer = tokenizer
        self._backend = None
        self._are_words = False
        if tokenizer.is_fast:
            from tokenizers import Tokenizer

            self._backend = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
            self._backend.no_truncation()
            self._backend.no_padding()
            self._are_words = type(self._backend.model).__name__ in _WORD_MODELS

    def find(self, texts: Sequence[str], *, as_target: bool) -> Counter[str]:
        """Return how often each unknown part occurs in texts that have an unknown token."""
        found: Counter[str] = Counter()
        if not texts:  # which some tokenizers refuse
            return found
        if self._backend is None:
            return self._try_characters(texts, as_target=as_target)
        for text, encoding in zip(texts, self._backend.encode_batch(list(texts)), strict=True):
            for number, (start, end) in zip(encoding.ids, encoding.offsets, strict=True):
                if number == self.unknown_id:
                    part = text[start:end].strip() or text[start:end]
                    found.update([part] if self._are_words else part)  # of each character
        return found

    def _try_characters(self, texts: Sequence[str], *, as_target: bool) -> Counter[str]:
        found = Counter("".join(texts))
        characters = list(found)
        rows = encode_side(characters, self._tokenizer, as_target=as_target)
        known = {
            one for one, ids in zip(characters, rows, strict=True) if self.unknown_id not in ids
        }
        return Counter({one: count for one, count in found.items() if one not in known})


def find_changed(
    characters: Mapping[str, int], tokenizer: PreTrainedTokenizerBase, *, as_target: bool
) -> list[ChangedCharacter]:
    """Return the characters that come back as something else, the most frequent first.

    Each is tried between two letters. Accents that belong to the letter before them are left out,
    and unknown characters, of which nothing comes back.

    Args:
        characters: How often each occurs.
        tokenizer: Tokenizer.
        as_target: Whether to use the tokenizer's target side.
    """
    tried = [
        one
        for one in characters
        if unicodedata.category(one) != "Cs" and not unicodedata.combining(one)
    ]
    if not tried:
        return []
    rows = encode_side([f"a{one}a" for one in tried], tokenizer, as_target=as_target)
    texts = choose_side(tokenizer, as_target=as_target).batch_decode(
        rows, skip_special_tokens=True, clean_up_tokenization_spaces=False
    )
    changed = [
        ChangedCharacter(one, characters[one], text.strip().removeprefix("a").removesuffix("a"))
        for one, ids, text in zip(tried, rows, texts, strict=True)
        if one not in text and tokenizer.unk_token_id not in ids
    ]
    return sorted(changed, key=lambda one: (-one.count, one.character))


def name_character(text: str) -> str:
    """Return how people read a character: itself, its code, and its name unless it is a letter.

    A text of several characters, such as an unknown word, is returned as it is.
    """
    if len(text) != 1:
        return text
    kind = unicodedata.category(text)[0]
    name = "" if kind == "L" else unicodedata.name(text, _CONTROLS.get(text, "")).lower()
    return " ".join(filter(None, ("" if kind in _INVISIBLE else text, f"U+{ord(text):04X}", name)))

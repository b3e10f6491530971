"""Normalizations that a recipe names, which texts get in training and in translation alike."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import unescape

from t5tune.scoring.languages import short_code

_QUOTES = str.maketrans({**dict.fromkeys("“”„‟«»〝〞＂", '"'), **dict.fromkeys("‘’‚‛‹›＇", "'")})
_COMMAS = str.maketrans("şţŞŢ", "șțȘȚ")
_ROMANIAN = "ro"


def _compose(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _straighten(text: str) -> str:
    return text.translate(_QUOTES)


def _write_commas(text: str) -> str:
    return text.translate(_COMMAS)


def _replace_entities(text: str) -> str:
    """Replace `&amp;quot;` too, so that a second time changes nothing."""
    while "&" in text and (new := unescape(text)) != text:
        text = new
    return text


# In the order in which they are applied: an entity may be a quotation mark, and a letter with a
# cedilla may be composed.
NORMALIZATIONS: dict[str, Callable[[str], str]] = {
    "entities": _replace_entities,
    "nfc": _compose,
    "quotes": _straighten,
    "romanian": _write_commas,
}
_CHANGE_ASCII = ("entities",)


@dataclass(frozen=True)
class Normalizer:
    """Normalizations of the texts of one side.

    Attributes:
        names: Their names; none leaves texts as they are.
    """

    names: tuple[str, ...] = ()

    def normalize(self, text: str) -> str:
        """Return a normalized text; a second time changes nothing."""
        for name, change in NORMALIZATIONS.items():
            if name in self.names and not (text.isascii() and name not in _CHANGE_ASCII):
                text = change(text)
        return text

    def normalize_all(self, texts: Sequence[str]) -> list[str]:
        """Return normalized texts."""
        return list(map(self.normalize, texts)) if self.names else list(texts)


AS_IT_IS = Normalizer()


def choose_normalizer(names: Sequence[str] | None, language: str | None) -> Normalizer:
    """Return the normalizations for texts in a language.

    Args:
        names: Names in the recipe.
        language: Code of the language; where it is not known, all are applied. Letters that are
            wrong in Romanian are right in Turkish.
    """
    code = short_code(language)
    is_romanian = code in (_ROMANIAN, None)
    return Normalizer(
        tuple(
            name
            for name in NORMALIZATIONS
            if name in (names or ()) and (name != "romanian" or is_romanian)
        )
    )

"""Other letter cases of a text.

Python's own functions know most of Unicode: ß becomes SS, and σ at the end of a word ς. Added
are the i of Turkish and Azerbaijani, which keeps its dot, the I without a dot, and titles that
leave the letters behind an apostrophe alone.
"""

from __future__ import annotations

import re
from random import Random

_DOTTED = ("tr", "az")  # languages in which i and I are different letters
_WORD = re.compile(r"[^\W\d_](?:[\w'’]*\w)?")


def upper(text: str, draw: Random | None = None, *, language: str | None = None) -> str:
    """Return the text in capitals.

    Args:
        text: Any text.
        draw: Not used: there is nothing to draw.
        language: Language code of the text, if it is known.
    """
    return (text.replace("i", "İ") if _is_dotted(language) else text).upper()


def lower(text: str, draw: Random | None = None, *, language: str | None = None) -> str:
    """Return the text in small letters. Arguments as in `upper`."""
    text = text.replace("I", "ı") if _is_dotted(language) else text
    return text.replace("İ", "i").lower()  # Python would add a dot to an i that has one


def title(text: str, draw: Random | None = None, *, language: str | None = None) -> str:
    """Return the text with a capital at the beginning of each word. Arguments as in `upper`."""

    def capitalize(match: re.Match[str]) -> str:
        word = match.group()
        first = upper(word[0], language=language) if word[0] == "i" else word[0].title()
        return first + lower(word[1:], language=language)

    return _WORD.sub(capitalize, text)


def keep_case(pattern: str, word: str) -> str:
    """Return a word in the case of another one: small, with a capital, or in capitals."""
    if len(pattern) > 1 and pattern.isupper():
        return word.upper()
    if pattern[:1].isupper():
        return word[:1].upper() + word[1:]
    return word


def _is_dotted(language: str | None) -> bool:
    return re.split(r"[-_]", language or "")[0].lower() in (*_DOTTED, "tur", "aze", "azj")

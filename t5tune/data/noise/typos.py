"""Wrong letters: as fingers make them on a keyboard, and as damage makes them."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from random import Random

from t5tune.data.noise.keyboards import find_neighbours

RATE = 0.05  # of the letters

# What becomes of a letter, given the one behind it (empty at the end of a word).
_Edit = Callable[[str, str, Random], tuple[str, str]]


def typos(text: str, draw: Random, *, rate: float = RATE, language: str | None = None) -> str:
    """Return the text with errors of typing, one at least where there is a letter.

    Letters become one beside them on the keyboard, get one beside them, change places with the
    next one, are missing or doubled. Digits stay, and no word is lost.

    Args:
        text: Any text.
        draw: Source of the choices.
        rate: Share of the letters with an error.
        language: Language code, which decides the keyboard.
    """

    def hit_another(letter: str, following: str, draw: Random) -> tuple[str, str]:
        others = find_neighbours(letter, language)
        return (draw.choice(others), following) if others else _swap(letter, following, draw)

    def hit_both(letter: str, following: str, draw: Random) -> tuple[str, str]:
        return letter + draw.choice(find_neighbours(letter, language) or letter), following

    return _edit(text, draw, rate, (hit_another, hit_another, hit_both, _swap, _drop, _double))


def characters(text: str, draw: Random, *, rate: float = RATE) -> str:
    """Return the text with damaged characters, one at least where there is a letter.

    Letters become another letter of the text, get one in front, change places with the next one,
    or are missing. It needs no keyboard, and so suits every script.

    Args:
        text: Any text.
        draw: Source of the choices.
        rate: Share of the letters with damage.
    """
    letters = [one for one in text if one.isalpha()]

    def replace(letter: str, following: str, draw: Random) -> tuple[str, str]:
        others = [one for one in letters if one != letter]
        return (draw.choice(others), following) if others else _double(letter, following, draw)

    def insert(letter: str, following: str, draw: Random) -> tuple[str, str]:
        return draw.choice(letters) + letter, following

    return _edit(text, draw, rate, (replace, insert, _swap, _drop))


def _swap(letter: str, following: str, draw: Random) -> tuple[str, str]:
    has_other = following not in ("", letter)
    return (following, letter) if has_other else _double(letter, following, draw)


def _drop(letter: str, following: str, draw: Random) -> tuple[str, str]:
    return "", following


def _double(letter: str, following: str, draw: Random) -> tuple[str, str]:
    return letter * 2, following


def _edit(text: str, draw: Random, rate: float, edits: tuple[_Edit, ...]) -> str:
    parts = _with_marks(text)
    places = [i for i, part in enumerate(parts) if part[0].isalpha()]
    if not places:
        return text
    chosen = [i for i in places if draw.random() < rate] or [draw.choice(places)]
    is_letter = set(places)
    for i in chosen:
        edit = draw.choice(edits)
        is_alone = i - 1 not in is_letter and i + 1 not in is_letter
        if edit is _drop and is_alone:  # a word of one letter would be lost
            edit = _double
        following = parts[i + 1] if i + 1 in is_letter else ""
        parts[i], following = edit(parts[i], following, draw)
        if i + 1 in is_letter:
            parts[i + 1] = following
    edited = "".join(parts)
    return edited if edited.strip() else text


def _with_marks(text: str) -> list[str]:
    """Return the characters of a text, each with the marks that belong to it."""
    if text.isascii():
        return list(text)
    parts: list[str] = []
    for character in text:
        if parts and unicodedata.category(character).startswith("M"):
            parts[-1] += character
        else:
            parts.append(character)
    return parts

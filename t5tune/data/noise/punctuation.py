"""Punctuation that is missing, added or another one."""

from __future__ import annotations

import re
import unicodedata
from random import Random

# What belongs to a word or number in whose middle it stands: don't, e-mail, 3.14, 12:30.
_INNER = frozenset("'’-‐.,:/@_·")
_FINAL = re.compile(r"([.!?…。！？]+)(\s*)$")
_OTHERS = {
    ".": "!?…",
    ",": ";:",
    ";": ",",
    ":": ";",
    "!": ".?",
    "?": ".!",
    "…": ".",
    "。": "！？",
    "！": "。？",
    "？": "。！",
    "，": "、；",
    "-": "–",
    "–": "-",
    "—": "-",
    '"': "“'",
    "“": '"„',
    "”": '"',
    "„": '"',
    "«": '"',
    "»": '"',
    "'": "’",
    "’": "'",
}


def strip_punctuation(text: str, draw: Random | None = None) -> str:
    """Return the text without punctuation, except in the middle of words and numbers.

    A text that is nothing else stays as it is.
    """
    kept = "".join(
        character
        for i, character in enumerate(text)
        if not _is_punctuation(character) or _is_inner(text, i)
    )
    if len(kept) == len(text):
        return text
    # A dash between spaces leaves two of them.
    kept = re.sub(r"(?<=\S) {2,}(?=\S)", " ", kept)
    return kept.strip() or text


def add_punctuation(text: str, draw: Random) -> str:
    """Return the text with a mark at the end, or with more of them."""
    found = _FINAL.search(text)
    if found:
        marks = (
            found[1] * draw.choice((2, 3)) if found[1] != "." else draw.choice(("...", "!", ".."))
        )
        return text[: found.start()] + marks + found[2]
    kept = text.rstrip()
    last = kept[-1:]
    is_wide = "\u3040" <= last <= "\u9fff"
    mark = draw.choice("。！" if is_wide else ".!")
    return kept + mark + text[len(kept) :] if kept else text


def change_punctuation(text: str, draw: Random) -> str:
    """Return the text with another mark in one place, if it has any."""
    places = [i for i, character in enumerate(text) if character in _OTHERS]
    places = [i for i in places if not _is_inner(text, i)] or places
    if not places:
        return text
    place = draw.choice(places)
    return text[:place] + draw.choice(_OTHERS[text[place]]) + text[place + 1 :]


def punctuation(text: str, draw: Random) -> str:
    """Return the text with its punctuation stripped, changed or more of it; one of the three."""
    ways = [strip_punctuation, change_punctuation, add_punctuation]
    draw.shuffle(ways)
    for way in ways:
        changed = way(text, draw)
        if changed != text:
            return changed
    return text


def _is_punctuation(character: str) -> bool:
    return unicodedata.category(character).startswith("P")


def _is_inner(text: str, place: int) -> bool:
    return (
        text[place] in _INNER
        and 0 < place < len(text) - 1
        and text[place - 1].isalnum()
        and text[place + 1].isalnum()
    )

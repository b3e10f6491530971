"""White space that is missing, too much, or in the middle of a word."""

from __future__ import annotations

import re
from random import Random

RATE = 0.1  # of the gaps between words
_GAP = re.compile(r"(?<=\S)\s+(?=\S)")
_LONG_WORD = re.compile(r"[^\W\d_]{4,}")


def whitespace(text: str, draw: Random, *, rate: float = RATE) -> str:
    """Return the text with wrong white space in one place at least.

    Spaces between words are doubled, missing, tabs or no-break spaces; a text of one word is
    divided, or gets a space at an end.

    Args:
        text: Any text.
        draw: Source of the choices.
        rate: Share of the gaps between words that are wrong.
    """
    gaps = list(_GAP.finditer(text))
    chosen = [gap for gap in gaps if draw.random() < rate]
    if not chosen:
        ways = [_divide_word, _pad]
        if gaps:
            chosen = [draw.choice(gaps)]
        else:
            return draw.choice(ways)(text, draw)
    for gap in reversed(chosen):
        wrong = draw.choice(("", "", "  ", "\t", "\u00a0", "   "))
        text = text[: gap.start()] + wrong + text[gap.end() :]
    return _divide_word(text, draw) if draw.random() < rate else text


def _divide_word(text: str, draw: Random) -> str:
    words = list(_LONG_WORD.finditer(text))
    if not words:
        return _pad(text, draw)
    word = draw.choice(words)
    place = draw.randrange(word.start() + 1, word.end())
    return f"{text[:place]} {text[place:]}"


def _pad(text: str, draw: Random) -> str:
    return draw.choice((f" {text}", f"{text} ", f"  {text}  "))

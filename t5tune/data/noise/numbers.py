"""Numbers that stand on both sides, replaced by others of the same form."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random

# Digits with separators between them, and no letter beside them: not A4, 3D or 22nd.
_NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,'’\u00a0\u202f]\d+)*(?!\w)")
_TRIES = 20


def find_numbers(text: str) -> list[str]:
    """Return the digits of each number in a text, without separators: 1,234.5 is 12345."""
    return [_digits(match.group()) for match in _NUMBER.finditer(text)]


def replace_numbers(texts: Sequence[str], draw: Random) -> list[str]:
    """Return a source and its targets with other numbers, the same ones on all sides.

    Arguments as in `choose_numbers`.
    """
    new = choose_numbers(texts, draw)
    return [write_numbers(text, new) for text in texts]


def choose_numbers(texts: Sequence[str], draw: Random) -> dict[str, str]:
    """Return other digits for the numbers that occur equally often on every side.

    The new number has as many digits and the grammatical number of the old one, as far as digits
    decide it (in Slavic languages by the last two); 0 and 1 stay.

    Args:
        texts: The source, and one target or more.
        draw: Source of the choices.
    """
    counts = [Counter(find_numbers(text)) for text in texts]
    shared = [
        digits
        for digits, number in counts[0].items()
        if all(count[digits] == number for count in counts)
    ]
    others = {digits: _draw_other(digits, draw) for digits in shared}
    return {digits: other for digits, other in others.items() if other != digits}


def write_numbers(text: str, new: Mapping[str, str]) -> str:
    """Return the text with other digits in its numbers; separators stay.

    Args:
        text: Any text.
        new: Digits of numbers, and those that replace them.
    """

    def replace(match: re.Match[str]) -> str:
        digits = new.get(_digits(match.group()))
        return match.group() if digits is None else _write(match.group(), digits)

    return _NUMBER.sub(replace, text)


def _draw_other(digits: str, draw: Random) -> str:
    if int(digits) < 2:
        return digits
    for _ in range(_TRIES):
        first = "0" if digits[0] == "0" else draw.choice("123456789")
        new = first + "".join(draw.choice("0123456789") for _ in digits[1:])
        if new != digits and int(new) > 1 and _form(new) == _form(digits):
            return new
    return digits


def _form(digits: str) -> str:
    last_two = int(digits[-2:])
    if last_two in (11, 12, 13, 14) or not 1 <= last_two % 10 <= 4:
        return "many"
    return "one" if last_two % 10 == 1 else "few"


def _digits(number: str) -> str:
    return "".join(str(unicodedata.digit(one)) for one in number if one.isdigit())


def _write(number: str, digits: str) -> str:
    """Return a number with other digits, in its own script and with its own separators."""
    new = iter(digits)
    return "".join(
        chr(ord(one) - unicodedata.digit(one) + int(next(new))) if one.isdigit() else one
        for one in number
    )

"""Keys that lie beside each other on the keyboards of languages."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

# The rows of letters, from the top.
_QWERTY = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_QWERTZ = ("qwertzuiopü", "asdfghjklöä", "yxcvbnm")
_AZERTY = ("azertyuiop", "qsdfghjklm", "wxcvbn")
_RUSSIAN = ("йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю")
_UKRAINIAN = ("йцукенгшщзхї", "фівапролджє", "ячсмитьбю")
_GREEK = ("ςερτυθιοπ", "ασδφγηξκλ", "ζχψωβνμ")
_HEBREW = ("קראטוןםפ", "שדגכעיחלךף", "זסבהנמצתץ")

_LAYOUTS = {
    **dict.fromkeys(("de", "cs", "sk", "hu", "sl", "hr", "bs"), _QWERTZ),
    **dict.fromkeys(("deu", "ces", "slk", "hun", "slv", "hrv", "bos"), _QWERTZ),
    **dict.fromkeys(("fr", "fra"), _AZERTY),
}
_OTHER_SCRIPTS = (_RUSSIAN, _UKRAINIAN, _GREEK, _HEBREW)


def find_neighbours(letter: str, language: str | None = None) -> str:
    """Return the letters beside a letter's key; nothing for letters without a key.

    A letter with an accent has the key of the letter without it.

    Args:
        letter: One letter, small or capital.
        language: Language code, which decides between QWERTY, QWERTZ and AZERTY. Letters of
            other scripts lie on the keyboard of their script.
    """
    code = re.split(r"[-_]", language or "")[0].lower()
    table = _table(_LAYOUTS.get(code, _QWERTY), code in ("uk", "ukr"))
    small = letter.lower()
    found = table.get(small) or table.get(unicodedata.normalize("NFD", small)[:1], "")
    return found.upper() if letter.isupper() else found


@cache
def _table(latin: tuple[str, ...], is_ukrainian: bool) -> dict[str, str]:
    others = (*_OTHER_SCRIPTS, _UKRAINIAN) if is_ukrainian else (_UKRAINIAN, *_OTHER_SCRIPTS)
    table: dict[str, str] = {}
    for rows in (*others, latin):
        table.update(_neighbours_of(rows))
    return table


def _neighbours_of(rows: tuple[str, ...]) -> dict[str, str]:
    """Return the neighbours of each key; a row lies half a key to the right of the one above."""
    places = {(i, j): key for i, row in enumerate(rows) for j, key in enumerate(row)}
    steps = ((0, -1), (0, 1), (-1, 0), (-1, 1), (1, -1), (1, 0))
    return {
        key: "".join(places.get((i + down, j + right), "") for down, right in steps)
        for (i, j), key in places.items()
    }

"""The script of a text, and the scripts of a language, by the names of letters in Unicode."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import cache, lru_cache

from t5tune.scoring.languages import short_code

# A script is easy to see, but "OK" in a Chinese text is not another language.
FEWEST_LETTERS = 5
_SHARE_OF_SCRIPT = 0.8

# How names of letters begin, by ISO 15924. Chinese and Japanese share characters.
_NAMES = {
    "Arab": "ARABIC", "Armn": "ARMENIAN", "Beng": "BENGALI", "Cyrl": "CYRILLIC",
    "Deva": "DEVANAGARI", "Ethi": "ETHIOPIC", "Geor": "GEORGIAN", "Grek": "GREEK",
    "Gujr": "GUJARATI", "Guru": "GURMUKHI", "Hang": "HANGUL", "Hani": "CJK", "Hans": "CJK",
    "Hant": "CJK", "Hebr": "HEBREW", "Jpan": "CJK", "Khmr": "KHMER", "Knda": "KANNADA",
    "Kore": "HANGUL", "Laoo": "LAO", "Latn": "LATIN", "Mlym": "MALAYALAM", "Mymr": "MYANMAR",
    "Olck": "OL", "Orya": "ORIYA", "Sinh": "SINHALA", "Taml": "TAMIL", "Telu": "TELUGU",
    "Tfng": "TIFINAGH", "Thaa": "THAANA", "Thai": "THAI", "Tibt": "TIBETAN",
}  # fmt: skip
# Further scripts that texts in a language are written in.
_FURTHER = {
    "az": ("CYRILLIC", "ARABIC"), "bs": ("CYRILLIC",), "kk": ("LATIN", "ARABIC"), "ko": ("CJK",),
    "ks": ("DEVANAGARI",), "ku": ("ARABIC", "CYRILLIC"), "ky": ("ARABIC", "LATIN"),
    "mn": ("MONGOLIAN",), "ms": ("ARABIC",), "pa": ("ARABIC",), "sd": ("DEVANAGARI",),
    "sr": ("LATIN",), "tg": ("ARABIC",), "tk": ("CYRILLIC",), "tt": ("LATIN",),
    "ug": ("LATIN", "CYRILLIC"), "uz": ("CYRILLIC",),
}  # fmt: skip
# Whatever is not Latin and may be a letter, but for a few signs such as the micro sign.
_BEYOND_LATIN = re.compile(
    "[\u0370-\u1dff\u2c80-\u2dff\u2e80-\ua6ff\ua800-\uab2f\uab65-\ufaff\ufb07-\uff20\uff5b-\U0003ffff]"
)


@lru_cache(maxsize=65536)
def script_of(letter: str) -> str:
    """Return the script of a letter, such as `LATIN`."""
    name = unicodedata.name(letter, "").split(" ")[0].split("-")[0]
    # The identifier of languages tells Chinese and Japanese apart.
    return "CJK" if name in ("HIRAGANA", "KATAKANA") else name


def main_script(text: str) -> str | None:
    """Return the script of at least 80 % of the letters, such as `LATIN`; None for few letters."""
    letters = [character for character in text if character.isalpha()]
    if len(letters) < FEWEST_LETTERS:
        return None
    script, count = Counter(map(script_of, letters)).most_common(1)[0]
    return script if count >= _SHARE_OF_SCRIPT * len(letters) else None


def is_plain_latin(text: str) -> bool:
    """Return whether a text has no letter of another script than Latin."""
    return text.isascii() or _BEYOND_LATIN.search(text) is None


@cache
def find_scripts(language: str | None) -> frozenset[str]:
    """Return the scripts that texts in a language are written in.

    Args:
        language: Code in any spelling; the script that it names, as in `srp_Latn`, is the only one.

    Returns:
        Scripts as `script_of` names them; none where the language or its script is not known.
    """
    if not language:
        return frozenset()
    from langcodes import Language
    from langcodes.tag_parser import LanguageTagError

    try:
        tag = Language.get(language)
    except LanguageTagError:
        return frozenset()
    code = short_code(language)
    if tag.script is None and not Language.make(language=tag.language).is_valid():
        return frozenset()
    name = _NAMES.get(tag.script or tag.maximize().script or "")
    if name is None:
        return frozenset()
    further = () if tag.script and tag.script != "Kore" else _FURTHER.get(code or "", ())
    return frozenset((name, *further))

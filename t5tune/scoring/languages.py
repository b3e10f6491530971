"""Language codes, whose spellings differ between models and data: `de`, `deu_Latn`, `de_DE`.

They live here because diagnosis and all layers above use them.
"""

from __future__ import annotations

import re
from functools import cache

# Languages of T5's supervised translation tasks (Raffel et al. 2020, section 2.3).
T5_LANGUAGES = {"en": "English", "de": "German", "fr": "French", "ro": "Romanian"}


def without_region(language: str) -> str:
    """Return a code in lower case without region and script: `deu` for `deu_Latn`."""
    return re.split("[_-]", language)[0].lower()


@cache
def short_code(language: str | None) -> str | None:
    """Return the ISO 639-1 code of a language, or its substitute.

    A variety that represents its macrolanguage gets its code: `ar` for `arb`, `no` for `nb`.

    Args:
        language: Code in any spelling: `de`, `de_DE`, `de-AT`, `deu_Latn`; None if unknown.
    """
    if not language:
        return None
    from langcodes import standardize_tag
    from langcodes.tag_parser import LanguageTagError

    code = without_region(language)
    if len(code) == 3:
        try:
            found = standardize_tag(code, macro=True)
        except LanguageTagError:
            return code
        code = found if len(found) == 2 else code
    return "no" if code == "nb" else code  # CLDR treats them as two languages

"""Languages by what people write over a column, and by the texts of a column."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice

from t5tune.scoring.language_identity import identify_language, is_known
from t5tune.scoring.languages import short_code

# English and own names of languages that spreadsheets have as headings.
_NAMES = {
    "ar": "arabic", "bg": "bulgarian", "bn": "bengali", "ca": "catalan català",
    "cs": "czech čeština", "da": "danish dansk", "de": "german deutsch", "el": "greek",
    "en": "english englisch anglais", "es": "spanish español espanol castellano",
    "et": "estonian eesti", "eu": "basque euskara",
    "fa": "persian farsi", "fi": "finnish suomi", "fr": "french français francais französisch",
    "ga": "irish gaeilge", "gl": "galician galego", "he": "hebrew", "hi": "hindi",
    "hr": "croatian hrvatski", "hu": "hungarian magyar", "hy": "armenian", "id": "indonesian",
    "is": "icelandic íslenska", "it": "italian italiano", "ja": "japanese 日本語",
    "ka": "georgian", "ko": "korean 한국어", "lt": "lithuanian lietuvių", "lv": "latvian latviešu",
    "mk": "macedonian",
    "ms": "malay", "nl": "dutch nederlands", "no": "norwegian norsk", "pl": "polish polski",
    "pt": "portuguese português portugues", "ro": "romanian română romana", "ru": "russian русский",
    "sk": "slovak slovenčina", "sl": "slovenian slovenščina", "sq": "albanian shqip",
    "sr": "serbian srpski", "sv": "swedish svenska", "sw": "swahili kiswahili", "ta": "tamil",
    "th": "thai", "tr": "turkish türkçe", "uk": "ukrainian українська", "ur": "urdu",
    "vi": "vietnamese", "zh": "chinese mandarin 中文",
}  # fmt: skip
_CODES = {name: code for code, names in _NAMES.items() for name in names.split()}
_TAG = re.compile(r"[A-Za-z]{2,3}([_-][A-Za-z]{4})?([_-][A-Za-z]{2})?")
_ATTACHED = re.compile(
    r"^([a-z]{2})[_.-]|[_.(-]([a-z]{2})\)?$", re.IGNORECASE
)  # de_text, text (de)
_LONGEST_HEADING = 40  # characters
_NUM_TOGETHER = 8  # texts that are identified as one: a short text tells little
_MOST_GROUPS = 40
_CLEAR_SHARE = 0.7  # of the groups


def read_language(heading: str) -> str | None:
    """Return the code of the language that a heading names: `de` for "German (DE)" or "text_de".

    A code is returned as it is spelled.
    """
    heading = heading.strip()
    if _TAG.fullmatch(heading) and _is_code(heading):
        return heading
    if len(heading) > _LONGEST_HEADING:
        return None
    words = re.split(r"[\W_]+", heading)
    named = {_CODES[word.casefold()] for word in words if word.casefold() in _CODES}
    if not named:
        named = {code.lower() for match in _ATTACHED.finditer(heading) for code in match.groups("")}
        named = set(filter(_is_code, named))
    return named.pop() if len(named) == 1 else None


def _is_code(word: str) -> bool:
    """Return whether a word is a code of a language that texts are identified as.

    Among the codes of three letters are `key` and `src`, so that only those of these languages
    count.
    """
    code = short_code(word)
    return code is not None and len(code) == 2 and is_known(code)


@dataclass(frozen=True)
class Identified:
    """The language of a column, as far as its texts tell.

    Attributes:
        language: Short code; None if they do not agree.
        share: Share of the texts that agree.
    """

    language: str | None
    share: float


def identify_column(texts: Sequence[str]) -> Identified:
    """Return the language that most texts of a column are in."""
    votes = Counter(islice(_identify(texts), _MOST_GROUPS))
    num = sum(votes.values())
    if not num:
        return Identified(None, 0.0)
    language, count = votes.most_common(1)[0]
    share = count / num
    return Identified(language if share >= _CLEAR_SHARE else None, share)


def _identify(texts: Iterable[str]) -> Iterator[str]:
    remaining = iter(texts)
    while group := list(islice(remaining, _NUM_TOGETHER)):
        language, _ = _identify_once("\n".join(group))
        if language is not None:
            yield language


@cache
def _identify_once(text: str) -> tuple[str | None, float]:
    return identify_language(text)

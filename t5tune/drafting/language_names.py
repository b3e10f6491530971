"""Languages by what people write over a column, and by the texts of a column."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice

from t5tune.scoring.english_names import NAMES as ENGLISH_NAMES
from t5tune.scoring.language_identity import identify_language, is_known
from t5tune.scoring.languages import short_code

# What spreadsheets have as headings besides the English names: own names, and some that neighbours
# have for a language.
_OTHER_NAMES = {
    "ca": "català", "cs": "čeština", "da": "dansk", "de": "deutsch", "en": "englisch anglais",
    "es": "español espanol castellano", "et": "eesti", "eu": "euskara", "fa": "farsi",
    "fi": "suomi", "fr": "français francais französisch", "ga": "gaeilge", "gl": "galego",
    "hr": "hrvatski", "hu": "magyar", "is": "íslenska", "it": "italiano", "ja": "日本語",
    "ko": "한국어", "lt": "lietuvių", "lv": "latviešu", "nl": "nederlands", "no": "norsk",
    "pl": "polski", "pt": "português portugues", "ro": "română romana", "ru": "русский",
    "sk": "slovenčina", "sl": "slovenščina", "sq": "shqip", "sr": "srpski", "sv": "svenska",
    "sw": "kiswahili", "tr": "türkçe", "uk": "українська", "zh": "mandarin 中文",
}  # fmt: skip
_SCRIPT = "Latin"  # as in "Serbian (Latin)", which is in Serbian
_CODES = {
    **{name.casefold(): code for code, name in ENGLISH_NAMES.items() if name != _SCRIPT},
    **{name: code for code, names in _OTHER_NAMES.items() for name in names.split()},
}
# The longest name first: "Norwegian Nynorsk" is not in Norwegian.
_NAMED = re.compile(rf"\b({'|'.join(sorted(map(re.escape, _CODES), key=len, reverse=True))})\b")
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
    words = re.sub(r"[\W_]+", " ", heading).casefold()
    named = {_CODES[name] for name in _NAMED.findall(words)}
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

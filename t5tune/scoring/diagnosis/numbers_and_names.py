"""Numbers and names of the source that the hypothesis should keep unchanged but lacks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence

from t5tune.scoring.diagnosis.evidence import Evidence
from t5tune.scoring.diagnosis.sightings import NOT_CHECKED, Sightings

# Separators of decimals, thousands, hours and dates, whatever the language: 1,234.5 and 1.234,5
# and 10:30 and 10.30. The spaces are those that French and SI group digits with.
_PLAIN_NUMBER = re.compile(r"\d+(?:[.,:'’]\d+)*")
_SPACED_NUMBER = re.compile(r"(?<![\d.,])\d{1,3}(?:[ \u00a0\u2009\u202f]\d{3})+(?:[.,]\d+)?(?!\d)")
# Up to here a good translation may write a word where the reference has digits.
_LARGEST_WRITTEN_OUT = 12

_DIGITS = re.compile(r"\d+")
_DECADE = re.compile(r"(?:19|20)\d0")  # the 1990s are the 90s

_WORDS = re.compile(r"[^\W\d_][\w]*")
# After these a capital letter says nothing.
_SENTENCE_START = re.compile(r"(?:^|[.!?:;…。\"“”„‚‘’'«»()\[\]\-–—])\s*$")
_MIN_LETTERS = 3

Number = tuple[str, ...]


def find_lost_numbers(evidence: Evidence) -> Sightings:
    """Find hypotheses without a number that the source and every reference have.

    Numbers are compared by their digits: separators differ between languages. Numbers that the
    source or a reference writes as words are not checked, nor are those up to twelve.
    """
    return _find_lost(evidence, _look_for_numbers)


def _look_for_numbers(source: str, references: Sequence[str], hypothesis: str) -> Iterator[bool]:
    numbers = [groups for groups in find_numbers(source) if not _may_be_a_word(groups)]
    expected = [list_readings(text) for text in references] if numbers else []
    wanted = [one for one in numbers if all(is_among(one, of_one) for of_one in expected)]
    there = list_readings(hypothesis) if wanted else set()
    return (is_among(one, there) for one in wanted)


def find_lost_names(evidence: Evidence) -> Sightings:
    """Find hypotheses without a name that the source and every reference have, letter for letter.

    A name is a capitalised word of at least three letters that does not begin a sentence. Endings
    and compounds do not matter in the hypothesis ("Obamas", "Trump-Anwalt"), nor does case.
    """
    return _find_lost(evidence, _look_for_names)


def _look_for_names(source: str, references: Sequence[str], hypothesis: str) -> Iterator[bool]:
    names = set(_names(source)).intersection(*map(_WORDS.findall, references))
    folded = hypothesis.casefold()
    return (name.casefold() in folded for name in names)


def _find_lost(
    evidence: Evidence, look: Callable[[str, Sequence[str], str], Iterable[bool]]
) -> Sightings:
    """Find hypotheses that lack some of what `look` finds in source and references."""
    if evidence.sources is None or evidence.task in ("summarization", "denoise"):
        return NOT_CHECKED
    texts = zip(evidence.sources, evidence.references, evidence.hypotheses, strict=True)
    found = {index: list(look(*of_one)) for index, of_one in enumerate(texts)}
    lost = {index: float(of_one.count(False)) for index, of_one in found.items()}
    return Sightings(sum(map(bool, found.values())), {i: num for i, num in lost.items() if num})


def find_numbers(text: str) -> Iterator[Number]:
    """Yield numbers as groups of ASCII digits; digits that spaces group are one number."""
    end = 0
    for match in _SPACED_NUMBER.finditer(text):
        yield from map(_groups, _PLAIN_NUMBER.findall(text[end : match.start()]))
        yield _groups(match.group())
        end = match.end()
    yield from map(_groups, _PLAIN_NUMBER.findall(text[end:]))


def _groups(number: str) -> Number:
    return tuple(
        "".join(str(unicodedata.decimal(digit)) for digit in group)
        for group in _DIGITS.findall(number)
    )


def _joined(groups: Number) -> str:
    """Return joined digits without leading zeros, which differ in 08:30 and 8.30."""
    return "".join(groups).lstrip("0") or "0"


def _may_be_a_word(groups: Number) -> bool:
    return len(groups) == 1 and int(_joined(groups)[:4]) <= _LARGEST_WRITTEN_OUT


def list_readings(text: str) -> set[str]:
    """Return numbers with their groups joined, in both readings of spaces, and the groups."""
    found = set(map(_joined, find_numbers(text)))
    found.update(_joined(_groups(number)) for number in _PLAIN_NUMBER.findall(text))
    return found | {_joined((group,)) for number in find_numbers(text) for group in number}


def is_among(groups: Number, readings: set[str]) -> bool:
    """Return whether a number, or each of its groups, is among the readings of a text."""
    digits = _joined(groups)
    return (
        digits in readings
        or all(_joined((group,)) in readings for group in groups)
        or (bool(_DECADE.fullmatch(digits)) and digits[2:] in readings)
    )


def _names(text: str) -> Iterator[str]:
    matches = list(_WORDS.finditer(text))
    capitals = [match for match in matches if match.group()[0].isupper()]
    if sum(match.group().isupper() for match in capitals) > len(matches) / 2:
        return  # A TEXT IN CAPITALS
    for match in capitals:
        word = match.group()
        if len(word) >= _MIN_LETTERS and not _SENTENCE_START.search(text[: match.start()][-8:]):
            yield word

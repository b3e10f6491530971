"""Numbers and names of the source that belong into the hypothesis as they are, and are lost."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from t5tune.scoring.outputs import NOT_LOOKED_AT, Outputs, Sightings

# Separators of decimals, thousands, hours and dates, whatever the language: 1,234.5 and 1.234,5
# and 10:30 and 10.30. The spaces are those that French and SI group digits with.
_PLAIN_NUMBER = re.compile(r"\d+(?:[.,:'’]\d+)*")
_SPACED_NUMBER = re.compile(r"(?<![\d.,])\d{1,3}(?:[ \u00a0\u2009\u202f]\d{3})+(?:[.,]\d+)?(?!\d)")
# Up to here a good translation may write a word where the reference has digits.
_LARGEST_WRITTEN_OUT = 12

_WORDS = re.compile(r"[^\W\d_][\w]*")
# After these a capital letter says nothing.
_SENTENCE_START = re.compile(r"(?:^|[.!?:;…。\"“”„‚‘’'«»()\[\]\-–—])\s*$")
_MIN_LETTERS = 3


def find_lost_numbers(outputs: Outputs) -> Sightings:
    """Hypotheses without a number that the source and every reference have.

    Numbers are compared by their digits: how languages separate them differs. Numbers that the
    source or a reference writes as words are not looked at, and neither are those up to twelve.
    """
    if outputs.sources is None or outputs.task == "summarization":
        return NOT_LOOKED_AT
    num_looked_at = 0
    clearness = {}
    for index, source in enumerate(outputs.sources):
        numbers = [parts for parts in _numbers(source) if not _may_be_a_word(parts)]
        if not numbers:
            continue
        references = [_digits_in(text) for text in outputs.references[index]]
        wanted = [parts for parts in numbers if all(_is_in(parts, texts) for texts in references)]
        if wanted:
            num_looked_at += 1
            there = _digits_in(outputs.hypotheses[index])
            num_lost = sum(not _is_in(parts, there) for parts in wanted)
            if num_lost:
                clearness[index] = float(num_lost)
    return Sightings(num_looked_at, clearness)


def find_lost_names(outputs: Outputs) -> Sightings:
    """Hypotheses without a name that the source and every reference have, letter for letter.

    A name is a capitalised word of at least three letters that does not begin a sentence. Endings
    and compounds do not matter in the hypothesis ("Obamas", "Trump-Anwalt"), nor does case.
    """
    if outputs.sources is None or outputs.task == "summarization":
        return NOT_LOOKED_AT
    num_looked_at = 0
    clearness = {}
    for index, source in enumerate(outputs.sources):
        names = set(_names(source))
        for reference in outputs.references[index]:
            names.intersection_update(_WORDS.findall(reference))
        if names:
            num_looked_at += 1
            hypothesis = outputs.hypotheses[index].casefold()
            num_lost = sum(name.casefold() not in hypothesis for name in names)
            if num_lost:
                clearness[index] = float(num_lost)
    return Sightings(num_looked_at, clearness)


def _numbers(text: str) -> Iterator[tuple[str, ...]]:
    """Numbers as their digits; one that spaces may group comes as its groups."""
    end = 0
    for match in _SPACED_NUMBER.finditer(text):
        yield from ((digits,) for digits in _plain_numbers(text[end : match.start()]))
        yield tuple(_plain_numbers(match.group()))
        end = match.end()
    yield from ((digits,) for digits in _plain_numbers(text[end:]))


def _plain_numbers(text: str) -> list[str]:
    return [_digits(match) for match in _PLAIN_NUMBER.findall(text)]


def _digits(number: str) -> str:
    """ASCII digits without separators; leading zeros say nothing (08:30, 8.30)."""
    digits = "".join(str(unicodedata.decimal(c)) for c in number if c.isdecimal())
    return digits.lstrip("0") or "0"


def _may_be_a_word(parts: Sequence[str]) -> bool:
    return len(parts) == 1 and int(parts[0][:4]) <= _LARGEST_WRITTEN_OUT


def _digits_in(text: str) -> set[str]:
    """Every reading: groups of digits by themselves, and joined."""
    found = set(_plain_numbers(text))
    return found | {"".join(parts) for parts in _numbers(text)}


def _is_in(parts: Sequence[str], there: set[str]) -> bool:
    return "".join(parts) in there or all(part in there for part in parts)


def _names(text: str) -> Iterator[str]:
    matches = list(_WORDS.finditer(text))
    capitals = [match for match in matches if match.group()[0].isupper()]
    if sum(match.group().isupper() for match in capitals) > len(matches) / 2:
        return  # A TEXT IN CAPITALS
    for match in capitals:
        word = match.group()
        if len(word) >= _MIN_LETTERS and not _SENTENCE_START.search(text[: match.start()][-8:]):
            yield word

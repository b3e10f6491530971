"""Marks within a sentence: emphasis and links, code and addresses."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# Patterns are bounded, or begin at one place of a run of letters: a word of ten thousand letters
# must not take seconds.
_CODE = r"(?<!`)(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)"
_TARGET = (
    r"\]\((?:[^()\s]|\([^()\s]*\))*(?:\s+(?:\"[^\"]*\"|'[^']*'))?\)"  # of a link
    r"|\]\[[^\]]*\]"
)
_ADDRESS = (
    r"(?:https?://|www\.)[^\s<>()\[\]]*[^\s<>()\[\].,;:!?'\"]"
    r"|(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
)
_TAG = r"<[/!a-zA-Z][^<>]*>"
# Code in HTML, with what is in it.
_CODE_ELEMENT = r"<(?P<code>code|kbd|samp|var)\b[^<>]*>[^<>]*</(?P=code)\s*>"
# Words in HTML that are emphasized, linked or the like.
_TAGGED = (
    r"(?P<start><(?P<tag>a|abbr|b|cite|del|em|font|i|ins|mark|q|s|small|span|strong|sub|sup|u)"
    r"(?:\s[^<>]*)?>)(?P<tagged>[^<>]+)(?P<end></(?P=tag)\s*>)"
)
_ENTITY = r"&(?:[A-Za-z][A-Za-z0-9]{1,31}|#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6});"
_PLACEHOLDER = r"\[X\d{1,9}X\]"  # what Weblate puts in the place of code
# A dollar sign means money if a blank follows it or precedes the next one, or a digit follows that.
_MATH = (
    r"\$\$[^$]+\$\$|(?<![\w$\\])\$(?=[^\s$])(?:\\.|[^$\\])*(?<=\S)\$(?![\d$])"
    r"|\\\((?:(?!\\\().)+?\\\)|\\\[(?:(?!\\\[).)+?\\\]"
)

# What a translation must have as often as its source. A "[" counts if a link follows.
_PROTECTED = re.compile(
    rf"{_MATH}|{_CODE}|!?\[(?=[^\]]{{0,500}}\][(\[])|{_TARGET}|\[\^[^\]\s]+\]|{_CODE_ELEMENT}"
    rf"|{_TAG}|{_ADDRESS}|{_ENTITY}|{_PLACEHOLDER}"
)
_EMPHASIS = (
    r"(?<![\w*_~])(?P<mark>\*{1,3}|_{1,3}|~~)(?=[^\s*_~])(?P<emphasized>[^*_~`]+)"
    r"(?<=\S)(?P=mark)(?![\w*_~])"
)
_MARKED = re.compile(
    rf"{_MATH}|{_CODE}|(?P<opening>!?\[)(?P<linked>[^\[\]`]+)(?P<closing>{_TARGET})|{_EMPHASIS}"
    rf"|{_TAGGED}"
)
# Without one of these there is nothing protected and no emphasis in a text, as in most texts. A
# test draws texts from the patterns above, and fails for one that has no sign.
_SIGNS = re.compile(r"[$\\`\[\]<&@*_~]|https?://|www\.")
_PUNCTUATION = ".,;:!?…。！？"


@dataclass(frozen=True)
class Marked:
    """Words within a mark."""

    text: str
    place: float  # position where they start, as a share of the sentence
    opening: str  # the mark before them
    closing: str  # the mark after them

    @property
    def is_needed(self) -> bool:
        """Whether the mark is a link or a tag of HTML, which a translation must not lose."""
        return self.opening.endswith("[") or self.opening.startswith("<")


def is_unharmed(source: str, translation: str) -> bool:
    """Return whether a translation has all protected text of its source, and its emphasis."""
    if not (_SIGNS.search(source) or _SIGNS.search(translation)):
        return True
    wanted = _count_protected(source), count_emphasis(source)
    return wanted == (_count_protected(translation), count_emphasis(translation))


def _count_protected(text: str) -> Counter[str]:
    return Counter(match[0] for match in _PROTECTED.finditer(text))


def count_emphasis(text: str) -> Counter[str]:
    """Count how often each mark of emphasis surrounds words."""
    return Counter(match["mark"] for match in _MARKED.finditer(text) if match["mark"])


def has_words(text: str) -> bool:
    """Return whether there is anything to translate besides protected text."""
    return any(character.isalpha() for character in _PROTECTED.sub("", text))


def find_whole(text: str) -> list[tuple[int, int]]:
    """Return the spans in which no sentence ends, such as code, math and links."""
    links = (match.span() for match in _MARKED.finditer(text) if match["linked"])
    return sorted([*links, *(match.span() for match in _PROTECTED.finditer(text))])


def remove_marks(text: str) -> tuple[str, list[Marked]]:
    """Return the sentence without emphasis, links and tags, and the words that had them."""
    pieces: list[str] = []
    marked: list[tuple[int, str, str, str]] = []
    at = length = 0
    for match in _MARKED.finditer(text):
        words = match["linked"] or match["emphasized"] or match["tagged"]
        if words is None:
            continue  # code or math
        pieces += [text[at : match.start()], words]
        start = length + match.start() - at
        length = start + len(words)
        at = match.end()
        opening = match["opening"] or match["mark"] or match["start"]
        marked.append((start, words, opening, match["closing"] or match["end"] or opening))
    plain = "".join(pieces) + text[at:]
    return plain, [
        Marked(words, start / len(plain), opening, closing)
        for start, words, opening, closing in marked
    ]


def put_marks(
    translation: str, marked: Sequence[Marked], translations: Sequence[str]
) -> tuple[str, list[Marked]]:
    """Put marks around the words that were translated by themselves, where these are found.

    Args:
        translation: Translation of the sentence without marks.
        marked: The words that had marks.
        translations: Translation of each of them by itself.

    Returns:
        The sentence, and those whose words are not in it.
    """
    taken: list[tuple[int, int, Marked]] = []
    missing: list[Marked] = []
    for words, translated in zip(marked, translations, strict=True):
        # Models add a full stop to what looks like a sentence.
        if not words.text.endswith(tuple(_PUNCTUATION)):
            translated = translated.rstrip(_PUNCTUATION + " ")
        pattern = re.compile(rf"(?<!\w){re.escape(translated)}(?!\w)", re.IGNORECASE)
        places = [
            found.span()
            for found in (pattern.finditer(translation) if translated else ())
            if all(found.end() <= start or found.start() >= end for start, end, _ in taken)
        ]
        if not places:
            missing.append(words)
            continue
        wanted = words.place * len(translation)
        start, end = min(places, key=lambda place: abs(place[0] - wanted))
        taken.append((start, end, words))
    for start, end, words in sorted(taken, key=lambda entry: entry[0], reverse=True):
        inner = words.opening + translation[start:end] + words.closing
        translation = translation[:start] + inner + translation[end:]
    return translation, missing


def keeps_protected(plain: str, translation: str) -> bool:
    """Return whether a translation has all protected text of a sentence without marks."""
    return _count_protected(plain) == _count_protected(translation)


def take_apart(text: str) -> Iterator[tuple[str, bool]]:
    """Split a sentence into pieces, and say which of them are words to translate.

    The other pieces are protected, or white space.
    """
    at = 0
    for match in [*_PROTECTED.finditer(text), None]:
        between = text[at : match.start() if match else len(text)]
        words = between.strip()
        if any(character.isalpha() for character in words):
            start = between.index(words)
            yield between[:start], False
            yield words, True
            yield between[start + len(words) :], False
        else:
            yield between, False
        if match:
            yield match[0], False
            at = match.end()

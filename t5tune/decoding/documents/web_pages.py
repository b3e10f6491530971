"""HTML: where its text is, and translations that are HTML again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from html import escape, unescape

from t5tune.decoding.documents.paragraphs import Paragraph, Piece

# Elements within a sentence; every other tag ends a paragraph.
_INLINE = {
    "a", "abbr", "b", "bdi", "bdo", "cite", "code", "del", "em", "font", "i", "img", "ins", "kbd",
    "mark", "q", "s", "samp", "small", "span", "strong", "sub", "sup", "time", "u", "var", "wbr",
}  # fmt: skip
# Every part is bounded by the next "<", so that a page without ends takes no longer than others.
_ATTRIBUTES = r"(?:[^\"'<>]|\"[^\"<]*\"|'[^'<]*')*"
_KEPT = re.compile(
    r"<!--.*?(?:-->|\Z)|<[!?][^<>]*>"
    r"|<(?P<element>script|style|pre|textarea|template|svg|math)\b.*?(?:</(?P=element)\s*>|\Z)"
    rf"|(?=<[^<]{{1,1000}}>)<(?P<marked>[a-z][a-z0-9]*)\b{_ATTRIBUTES}"
    r"(?:\btranslate\s*=\s*[\"']?no\b|\bclass\s*=\s*[\"']?[^\"'>]*\bnotranslate\b)"
    rf"[^<>]*>.*?(?:</(?P=marked)\s*>|\Z)"
    rf"|</?(?P<name>[a-z][a-z0-9-]*)\b{_ATTRIBUTES}>",
    re.IGNORECASE | re.DOTALL,
)
_WRAPPED = re.compile(
    rf"<(?P<name>[a-z]+)\b{_ATTRIBUTES}>(?P<inner>(?:(?!</(?P=name)\b).)*)</(?P=name)\s*>",
    re.IGNORECASE | re.DOTALL,
)
_VOID_AT_START = re.compile(r"<(?:img|wbr)\b[^<>]*>\s*", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:[A-Za-z][A-Za-z0-9]{1,31}|#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6});")
_SPECIAL = re.compile(rf"<[/!a-zA-Z][^<>]*>|{_ENTITY.pattern}|[<>&]")


def spell_entities(text: str) -> str:
    """Return HTML whose entities are characters, except where the character would be markup."""

    def spell(match: re.Match[str]) -> str:
        character = unescape(match[0])
        is_plain = character.isprintable() and not set(character) & set("<>&")
        return character if is_plain or character == "\xa0" else match[0]

    return _ENTITY.sub(spell, text)


def find_page_paragraphs(text: str) -> Iterator[Paragraph]:
    """Find the paragraphs of HTML: text between tags that begin or end a block.

    Scripts, styles, preformatted text and what is marked as not to be translated are not part of
    them. Tags within a sentence are; those around a whole paragraph are not.
    """
    start = 0
    for match in _KEPT.finditer(text):
        name = (match["name"] or "").lower()
        # An attribute with a bracket in it would not be recognized as a tag within a sentence.
        if name in _INLINE and not re.search("[<>]", match[0][1:-1]):
            continue
        yield from _trim(text, start, match.start())
        start = match.end()
    yield from _trim(text, start, len(text))


def _trim(text: str, start: int, end: int) -> Iterator[Paragraph]:
    """Yield the paragraph within a span, without the tags around it, as pieces of one line each."""
    while True:
        while start < end and text[start].isspace():
            start += 1
        while start < end and text[end - 1].isspace():
            end -= 1
        if void := _VOID_AT_START.match(text, start, end):
            start = void.end()
        elif (around := _WRAPPED.fullmatch(text, start, end)) is not None:
            start, end = around.span("inner")
        else:
            break
    pieces: Paragraph = []
    for line in re.finditer(r"[^\n]+", text[start:end]):
        content = line[0]
        left = start + line.start() + len(content) - len(content.lstrip())
        right = start + line.start() + len(content.rstrip())
        if left < right:
            piece: Piece = (left, right)
            pieces.append(piece)
    if pieces:
        yield pieces


def keep_html(source: str, translation: str) -> str:
    """Return a translation in which nothing is markup that was not markup in its source."""
    left = Counter(_SPECIAL.findall(source))

    def keep(match: re.Match[str]) -> str:
        if left[match[0]] > 0:
            left[match[0]] -= 1
            return match[0]
        return escape(match[0], quote=False)

    return _SPECIAL.sub(keep, translation)

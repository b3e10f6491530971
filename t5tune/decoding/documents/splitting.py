"""Documents as sentences, and sentences as documents again."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from t5tune.decoding.documents.markup import find_whole, has_words
from t5tune.decoding.documents.paragraphs import Paragraph
from t5tune.scoring.languages import short_code

_EMPHASIS = re.compile(r"([*_~]{1,3})(?!\s)([^*_~]+)(?<!\s)\1")
_CLOSING = re.compile(r"[*_~]{1,3}(?=\s)|(?:\[\^[^\]\s]+\])+(?=\s|\Z)")
ENDS_OPEN = re.compile(r"[。！？]['\"”’»）)」』]*$")  # scripts without blanks between sentences
_CLAUSE_END = re.compile(r"(?<=[,;:،؛—–])\s+|(?<=[、，；：。！？])\s*")
_SPACE = re.compile(r"\s+")
_ENDS_SPACED = re.compile(r"[.!?…]['\"”’»)]*$")


@dataclass(frozen=True)
class LineBreak:
    """A line break within a sentence."""

    position: int  # position of the blank in the source that replaces it
    literal: str  # text in the document: the newline with all white space and "> " around it


@dataclass(frozen=True)
class Segment:
    """A sentence with the text around it."""

    before: str  # text that is kept as it is
    source: str = ""  # the sentence, without line breaks; empty at the end of the document
    line_breaks: tuple[LineBreak, ...] = ()  # within the sentence, in order
    after: str = ""  # white space up to the next sentence of the paragraph
    is_followed: bool = False  # whether another sentence of the paragraph follows

    def render(self, translation: str) -> str:
        """Return this segment of the translated document."""
        if not self.source:
            return self.before
        return self.before + self._break_lines(translation) + self._space_after(translation)

    def _break_lines(self, translation: str) -> str:
        """Insert as many line breaks as the source has, about where it has them.

        Each replaces the blank nearest to the same share of the sentence. A script without blanks
        gets none: Markdown reads a line break as a blank.
        """
        blanks = [i for i, character in enumerate(translation) if character == " "]
        pieces = []
        start = 0
        for line_break in self.line_breaks:
            wanted = line_break.position * len(translation) / len(self.source)
            free = [blank for blank in blanks if blank >= start]
            if not free:
                break
            blank = min(free, key=lambda blank: abs(blank - wanted))
            pieces += [translation[start:blank], line_break.literal]
            start = blank + 1
        return "".join(pieces) + translation[start:]

    def _space_after(self, translation: str) -> str:
        if not self.is_followed:
            return self.after
        was_open = ENDS_OPEN.search(self.source) is not None
        is_open = ENDS_OPEN.search(translation) is not None
        if self.after == " " and is_open and not was_open:
            return ""
        if not self.after and was_open and not is_open and _ENDS_SPACED.search(translation):
            return " "
        return self.after


def split_document(
    text: str, find_paragraphs: Callable[[str], Iterable[Paragraph]], *, language: str | None
) -> list[Segment]:
    """Split a document into sentences.

    Rendering each with its own source gives the document back, character for character. The code of
    the language, such as "de" or "deu_Latn", is for abbreviations that do not end a sentence; None
    means English ones.
    """
    segments: list[Segment] = []
    done = 0
    for paragraph in find_paragraphs(text):
        for segment, end in _split_paragraph(text, paragraph, done, short_code(language) or "en"):
            segments.append(segment)
            done = end
    return [*segments, Segment(text[done:])]


def _split_paragraph(
    text: str, paragraph: Paragraph, done: int, language: str
) -> Iterator[tuple[Segment, int]]:
    """Return the segments of a paragraph, each with its end in the document."""
    joined = " ".join(text[start:end] for start, end in paragraph)
    joints = _Joints(text, paragraph)
    spans = _split_sentences(joined, language)
    for i, (start, end) in enumerate(spans):
        begin, stop = joints.place(start), joints.place(end - 1) + 1
        has_next = i + 1 < len(spans)
        next_begin = joints.place(spans[i + 1][0]) if has_next else stop
        after = text[stop:next_begin]
        if after.strip(" \t"):  # a line break, or text without letters
            next_begin, after = stop, ""
        line_breaks = tuple(
            LineBreak(position - start, literal)
            for position, literal in joints.line_breaks
            if start <= position < end
        )
        is_followed = has_next and next_begin == joints.place(spans[i + 1][0])
        yield (
            Segment(text[done:begin], joined[start:end], line_breaks, after, is_followed),
            next_begin,
        )
        done = next_begin


class _Joints:
    """A map from positions in the joined text of a paragraph to positions in the document."""

    def __init__(self, text: str, paragraph: Paragraph) -> None:
        self._starts = [start for start, _ in paragraph]
        self._joined_starts: list[int] = []
        self.line_breaks: list[tuple[int, str]] = []
        at = 0
        for i, (start, end) in enumerate(paragraph):
            self._joined_starts.append(at)
            at += end - start
            if i + 1 < len(paragraph):
                self.line_breaks.append((at, text[end : paragraph[i + 1][0]]))
            at += 1

    def place(self, position: int) -> int:
        """Return the position in the document of a character of the joined text."""
        piece = bisect_right(self._joined_starts, position) - 1
        return self._starts[piece] + position - self._joined_starts[piece]


def _split_sentences(joined: str, language: str) -> list[tuple[int, int]]:
    """Return where sentences start and end; text without words is not a sentence."""
    import sentencex

    sentences: list[str] = list(sentencex.segment(language, joined))
    if "".join(sentences) != joined:
        sentences = [joined]
    for i in range(1, len(sentences)):  # "**One.** Next", "One.[^1] Next": it ends the first
        if mark := _CLOSING.match(sentences[i]):
            sentences[i - 1] += mark[0]
            sentences[i] = sentences[i][mark.end() :]
    spans = []
    at = 0
    for sentence in _join_protected(joined, sentences):
        if has_words(sentence):
            start = at + len(sentence) - len(sentence.lstrip())
            end = at + len(sentence.rstrip())
            emphasis = _EMPHASIS.fullmatch(joined, start, end)
            spans.append(emphasis.span(2) if emphasis else (start, end))
        at += len(sentence)
    return spans


def _join_protected(joined: str, sentences: list[str]) -> Iterator[str]:
    """Join sentences again that were split within code, math or a link."""
    whole = find_whole(joined)
    start = end = 0
    for sentence in sentences:
        end += len(sentence)
        if not any(first < end < last for first, last in whole):
            yield joined[start:end]
            start = end
    if start < end:
        yield joined[start:]


def find_cut(text: str) -> tuple[int, int]:
    """Return the white space, or the position, near the middle where a text is best cut."""
    middle = len(text) / 2
    whole = find_whole(text)
    for pattern, inside in ((_CLAUSE_END, False), (_SPACE, False), (_SPACE, True)):
        spans = [
            match.span()
            for match in pattern.finditer(text)
            if text[: match.start()].strip() and text[match.end() :].strip()
        ]
        if not inside:  # not within code, math or a link, if there is another place
            spans = [
                span for span in spans if not any(start < span[1] < end for start, end in whole)
            ]
        if pattern is _CLAUSE_END:  # a clause that ends near an end of the text saves little
            spans = [span for span in spans if abs(span[0] - middle) < middle / 2]
        if spans:
            return min(spans, key=lambda span: abs(span[0] - middle))
    half = len(text) // 2
    return half, half

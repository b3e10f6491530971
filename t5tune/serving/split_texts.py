"""Texts of requests, split into the sentences that a model translates, and put together again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from anyio.to_thread import run_sync

from t5tune.decoding.documents.paragraphs import (
    Paragraph,
    find_markdown_paragraphs,
    find_paragraphs,
)
from t5tune.decoding.documents.splitting import Segment, split_document
from t5tune.decoding.documents.web_pages import find_page_paragraphs, keep_html, spell_entities
from t5tune.serving.request_queue import Found
from t5tune.serving.served_model import Direction, ServedModel

_SHORT = 2000  # characters that are split at once; longer texts do not hold up others
LONGEST_PARAGRAPH = 4000  # characters; a longer one is cut, since some work grows with its square


@dataclass(frozen=True)
class TextFormat:
    """A kind of text that can be split.

    Attributes:
        find: Function that finds the paragraphs in a text.
        prepare: Function that is applied to the text before.
        finish: Function from a sentence and its translation to what is put in its place.
    """

    find: Callable[[str], Iterator[Paragraph]]
    prepare: Callable[[str], str] = str
    finish: Callable[[str, str], str] = lambda _, translation: translation


TEXT = TextFormat(find_paragraphs)
MARKDOWN = TextFormat(find_markdown_paragraphs)
HTML = TextFormat(find_page_paragraphs, spell_entities, keep_html)


class SplitText:
    """A text with the sentences in it; whatever is not a sentence stays as it is.

    Args:
        segments: Segments of the text, as `split_document` returns them.
        finish: As in `TextFormat`.
    """

    def __init__(
        self, segments: Sequence[Segment], finish: Callable[[str, str], str] = TEXT.finish
    ) -> None:
        self.segments = segments
        self._finish = finish
        self.sources = [one.source for one in segments if one.source]

    def pair(self, found: Sequence[Found]) -> Iterator[tuple[Segment, Found]]:
        """Yield each segment with its hypotheses; one without a sentence has none."""
        rest = iter(found)
        for segment in self.segments:
            yield segment, next(rest) if segment.source else []

    def render(self, segment: Segment, translation: str) -> str:
        """Return a segment of the translated text."""
        return segment.render(self._finish(segment.source, translation))

    def join(self, found: Sequence[Found], place: int = 0) -> str:
        """Return the text with the hypotheses of a place in the n-best lists.

        A sentence that has fewer gets its best.
        """
        return "".join(
            self.render(segment, hypotheses[place if place < len(hypotheses) else 0].text)
            if hypotheses
            else segment.before
            for segment, hypotheses in self.pair(found)
        )


async def split_texts(
    texts: Sequence[str],
    model: ServedModel,
    direction: Direction,
    text_format: TextFormat = TEXT,
    *,
    is_whole: bool = False,
) -> list[SplitText]:
    """Split texts into sentences, in a thread if they are long.

    Args:
        texts: Texts with any number of lines.
        model: Model; one whose task is not translation gets each text in one piece.
        direction: Direction, whose source language says where sentences end.
        text_format: What the texts are.
        is_whole: Whether each text is to stay in one piece.
    """
    if is_whole or not model.engine.translates:
        return [SplitText(_leave_whole(text)) for text in texts]

    def split() -> list[SplitText]:
        return [_split(text, text_format, direction.source_lang) for text in texts]

    return split() if sum(map(len, texts)) < _SHORT else await run_sync(split)


def _split(text: str, text_format: TextFormat, language: str | None) -> SplitText:
    def find(prepared: str) -> Iterator[Paragraph]:
        for paragraph in text_format.find(prepared):
            yield from _shorten(prepared, paragraph)

    segments = split_document(text_format.prepare(text), find, language=language)
    return SplitText(segments, text_format.finish)


def _shorten(text: str, paragraph: Paragraph) -> Iterator[Paragraph]:
    """Yield a paragraph, or the parts that a very long one is cut into."""
    part: Paragraph = []
    size = 0
    for start, end in paragraph:
        while end - start > LONGEST_PARAGRAPH:
            cut = text.rfind(" ", start + 1, start + LONGEST_PARAGRAPH)
            middle = cut if cut > 0 else start + LONGEST_PARAGRAPH
            if part:
                yield part
            yield [(start, middle)]
            part, size = [], 0
            start = middle + (cut > 0)
        if part and size + end - start > LONGEST_PARAGRAPH:
            yield part
            part, size = [], 0
        part.append((start, end))
        size += end - start
    if part:
        yield part


def _leave_whole(text: str) -> list[Segment]:
    stripped = text.strip()
    if not stripped:
        return [Segment(text)]
    before, _, after = text.partition(stripped)
    return [Segment(before, " ".join(stripped.split("\n"))), Segment(after)]

"""Texts of requests, split into the sentences that a model translates, and put together again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from t5tune.decoding.documents.paragraphs import Paragraph, find_paragraphs
from t5tune.decoding.documents.splitting import Segment, split_document
from t5tune.serving.request_queue import Found
from t5tune.serving.served_model import Direction, ServedModel

FindParagraphs = Callable[[str], Iterator[Paragraph]]


class SplitText:
    """A text with the sentences in it; whatever is not a sentence stays as it is.

    Args:
        segments: Segments of the text, as `split_document` returns them.
    """

    def __init__(self, segments: Sequence[Segment]) -> None:
        self.segments = segments
        self.sources = [one.source for one in segments if one.source]

    def pair(self, found: Sequence[Found]) -> Iterator[tuple[Segment, Found]]:
        """Yield each segment with its hypotheses; one without a sentence has none."""
        rest = iter(found)
        for segment in self.segments:
            yield segment, next(rest) if segment.source else []

    def join(self, found: Sequence[Found], place: int = 0) -> str:
        """Return the text with the hypotheses of a place in the n-best lists.

        A sentence that has fewer gets its best.
        """
        return "".join(
            segment.render(hypotheses[place if place < len(hypotheses) else 0].text)
            if hypotheses
            else segment.render("")
            for segment, hypotheses in self.pair(found)
        )


def split_text(
    text: str,
    model: ServedModel,
    direction: Direction,
    find: FindParagraphs = find_paragraphs,
    *,
    is_whole: bool = False,
) -> SplitText:
    """Split a text into sentences.

    Args:
        text: Text with any number of lines.
        model: Model; one whose task is not translation gets the text in one piece.
        direction: Direction, whose source language says where sentences end.
        find: Function that finds the paragraphs in the text.
        is_whole: Whether the text is to stay in one piece.
    """
    if is_whole or not model.engine.translates:
        return SplitText(_leave_whole(text))
    return SplitText(split_document(text, find, language=direction.source_lang))


def _leave_whole(text: str) -> list[Segment]:
    stripped = text.strip()
    if not stripped:
        return [Segment(text)]
    before, _, after = text.partition(stripped)
    return [Segment(before, " ".join(stripped.split("\n"))), Segment(after)]

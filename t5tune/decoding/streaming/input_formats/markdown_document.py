"""Markdown, which is translated as a document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from t5tune.decoding.streaming.input_format import InputFormat

if TYPE_CHECKING:
    from t5tune.decoding.documents.paragraphs import Paragraph


def _find_paragraphs(text: str) -> Iterator[Paragraph]:
    from t5tune.decoding.documents.paragraphs import find_markdown_paragraphs

    return find_markdown_paragraphs(text)


FORMAT = InputFormat(
    "markdown",
    "with --documents",
    find_paragraphs=_find_paragraphs,
    endings=(".md", ".markdown"),
)

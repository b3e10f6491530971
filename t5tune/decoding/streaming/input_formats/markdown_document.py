"""Markdown, which is translated as a document."""

from __future__ import annotations

from t5tune.decoding.documents.paragraphs import find_markdown_paragraphs
from t5tune.decoding.streaming.input_format import InputFormat

FORMAT = InputFormat(
    "markdown",
    "with --documents",
    find_paragraphs=find_markdown_paragraphs,
    endings=(".md", ".markdown"),
)

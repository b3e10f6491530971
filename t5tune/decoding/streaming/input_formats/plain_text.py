"""Text: one source on each line, or a document."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from t5tune.decoding.documents.paragraphs import find_paragraphs
from t5tune.decoding.streaming.input_format import Entry, InputFormat, Layout, n_best_fields
from t5tune.decoding.streaming.items import Lines
from t5tune.decoding.streaming.lines import Line
from t5tune.files.text_files import BOM

if TYPE_CHECKING:
    from t5tune.decoding.translator import Hypothesis


class TextFormat:
    """One text on each line; as JSON, an object with source and translation is written.

    Several hypotheses take a line each, with the number of the input line, the score and the text,
    separated by tabs; as JSON, they are a list in the object.
    """

    def __init__(self, *, as_json: bool = False, with_n_best: bool = False) -> None:
        self.as_json = as_json
        self.with_n_best = with_n_best

    def parse(self, line: Line) -> Entry:
        """See `LineFormat.parse`."""
        text = line.text.removeprefix(BOM) if line.number == 1 else line.text
        return Entry(line, text.removesuffix("\r"))

    def render(self, entry: Entry, hypotheses: Sequence[Hypothesis]) -> str:
        """See `LineFormat.render`."""
        if self.as_json:
            added = n_best_fields(hypotheses, "translation", is_list=self.with_n_best)
            fields = {"source": entry.source, **added}
            return json.dumps(fields, ensure_ascii=False) + "\n"
        if self.with_n_best:
            number = str(entry.line.number)
            cells = [(f"{one.score:.4f}", one.text.replace("\t", " ")) for one in hypotheses]
            return "".join("\t".join((number, *pair)) + "\n" for pair in cells or [("", "")])
        return (hypotheses[0].text if hypotheses else "") + "\n"


def _build(layout: Layout, _name: str, with_n_best: bool) -> Lines:
    # Every line is valid text.
    return Lines(TextFormat(as_json=layout.as_json, with_n_best=with_n_best), is_checked=False)


FORMAT = InputFormat(
    "text", "one text per line", _build, find_paragraphs, has_n_best=True, has_json=True
)

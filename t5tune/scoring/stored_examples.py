"""A line of examples.jsonl as `t5tune eval` writes it, read even if it is damaged."""

from __future__ import annotations

import re
from typing import NamedTuple

from t5tune.files.json_values import as_object, parse_json

_SURROGATE = re.compile("[\ud800-\udfff]")  # valid in JSON, but cannot be encoded


class StoredExample(NamedTuple):
    """Content of one line; the source may be unknown."""

    source: str | None
    hypothesis: str
    references: tuple[str, ...]


def parse_example(line: str) -> StoredExample | None:
    """Return the example of a line; None if the line is damaged."""
    try:
        row = as_object(parse_json(line))
    except ValueError:
        return None
    source, hypothesis, references = (
        row.get(key) for key in ("source", "hypothesis", "references")
    )
    if "source" not in row or not isinstance(references, list) or not references:
        return None
    texts = [hypothesis, *references, "" if source is None else source]
    if not all(isinstance(text, str) and _SURROGATE.search(text) is None for text in texts):
        return None
    return StoredExample(source, str(hypothesis), tuple(references))

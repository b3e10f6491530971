"""JSON lines: a field of the object on each line."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

# The string reader of JSON's own decoder; typeshed leaves it out.
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import TYPE_CHECKING, Any

from t5tune.decoding.streaming.input_format import (
    Entry,
    InputFormat,
    Layout,
    n_best_fields,
    refuse_line,
)
from t5tune.decoding.streaming.items import Lines
from t5tune.decoding.streaming.lines import Line
from t5tune.errors import did_you_mean, list_names
from t5tune.files.text_files import BOM, STDIN_NAME

if TYPE_CHECKING:
    from t5tune.decoding.translator import Hypothesis

_SURROGATE = re.compile("[\ud800-\udfff]")  # JSON can write half a character


class JsonLinesFormat:
    """One JSON object on each line; the translation becomes a field, the rest stays as written.

    With several hypotheses a field `n_best` is added, a list of objects with text and score. Fields
    that exist are replaced.
    """

    def __init__(
        self, field: str, into: str, *, with_n_best: bool = False, name: str = STDIN_NAME
    ) -> None:
        self.name = name
        self.field = field
        self.into = into
        self.with_n_best = with_n_best

    def parse(self, line: Line) -> Entry:
        """See `LineFormat.parse`."""
        if not line.text.strip():
            return Entry(line, "")
        fields = self._scan_object(line.text, line.number)
        if self.field not in fields:
            raise refuse_line(
                self.name,
                line.number,
                f"has no field {self.field!r}; its fields are "
                f"{list_names(list(fields))}{did_you_mean(self.field, fields)}",
                "--column NAME",
            )
        for name in {self.field, self.into} & fields.keys():
            if fields[name].is_repeated:
                raise refuse_line(self.name, line.number, f"has the field {name!r} twice")
        value = fields[self.field].value
        if not isinstance(value, str):
            raise refuse_line(
                self.name, line.number, f"has a field {self.field!r} that is not a text"
            )
        # A line break within a text would end a line of other formats; a model sees it as a blank.
        return Entry(line, _SURROGATE.sub("\ufffd", value.replace("\n", " ").replace("\0", " ")))

    def render(self, entry: Entry, hypotheses: Sequence[Hypothesis]) -> str:
        """See `LineFormat.render`."""
        text = entry.line.text
        if not text.strip():
            return text + "\n"
        additions = n_best_fields(hypotheses, self.into, is_list=self.with_n_best)
        for name, value in additions.items():
            fields = self._scan_object(text, entry.line.number)
            written = json.dumps(value, ensure_ascii=False)
            if place := fields.get(name):
                text = text[: place.start] + written + text[place.end :]
            else:
                brace = text.rindex("}")
                comma = ", " if fields else ""
                head = text[:brace].rstrip(" \t") if fields else text[:brace]
                gap = text[len(head) : brace]
                text = f"{head}{comma}{json.dumps(name)}: {written}{gap}{text[brace:]}"
        return text + "\n"

    def _scan_object(self, text: str, number: int) -> dict[str, _Field]:
        """Return the fields of an object and the positions of their values."""
        try:
            return _scan(text, 1 if number == 1 and text.startswith(BOM) else 0)
        except RecursionError:
            reason = "is nested too deeply to be read"
        except (ValueError, IndexError, StopIteration):
            reason = "is not a JSON object"
        raise refuse_line(self.name, number, reason)


@dataclass(frozen=True)
class _Field:
    value: Any
    start: int  # position of the value in the line
    end: int
    is_repeated: bool


# Only texts are decoded: a number may have more digits than `int` takes.
_DECODER = json.JSONDecoder(parse_int=float, parse_float=float)


def _scan(text: str, start: int) -> dict[str, _Field]:
    def skip(position: int) -> int:
        while text.startswith((" ", "\t", "\r"), position):
            position += 1
        return position

    def expect(character: str, position: int) -> int:
        if text[position] != character:
            raise ValueError(text[position])
        return skip(position + 1)

    fields: dict[str, _Field] = {}
    at = expect("{", skip(start))
    while text[at] != "}":
        if fields:
            at = expect(",", at)
        if text[at] != '"':
            raise ValueError(text[at])
        name, at = scanstring(text, at + 1, True)
        at = expect(":", skip(at))
        value, end = _DECODER.raw_decode(text, at)
        fields[name] = _Field(value, at, end, name in fields)
        at = skip(end)
    if skip(at + 1) != len(text):
        raise ValueError(text[at:])
    return fields


def _build(layout: Layout, name: str, with_n_best: bool) -> Lines:
    field = layout.column or ""
    return Lines(JsonLinesFormat(field, layout.into, with_n_best=with_n_best, name=name))


FORMAT = InputFormat(
    "jsonl",
    "one JSON object per line",
    _build,
    endings=(".jsonl",),
    column="--column NAME",
    has_n_best=True,
)

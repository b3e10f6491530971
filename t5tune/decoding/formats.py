"""What stands in a line of input, and how its translation is written: text, TSV, JSON lines."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

# The string reader of JSON's own decoder; typeshed leaves it out.
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any, Protocol

from t5tune.decoding.lines import BOM, Line
from t5tune.decoding.translator import Hypothesis
from t5tune.errors import T5TuneError, did_you_mean

_SPACE = re.compile(r"[ \t\r]*")
_SURROGATE = re.compile("[\ud800-\udfff]")  # JSON can write half a character


@dataclass(frozen=True)
class Entry:
    """A line of input.

    Attributes:
        line: As it was read.
        source: What is translated; a blank one stays blank and costs nothing.
    """

    line: Line
    source: str


class Format(Protocol):
    """Reads and writes lines of one kind."""

    def parse(self, line: Line) -> Entry:
        """Find what is to be translated.

        Raises:
            T5TuneError: The line is not of this kind.
        """
        ...

    def render(self, entry: Entry, hypotheses: Sequence[Hypothesis]) -> str:
        """The output for a line, newline included.

        Args:
            entry: As `parse` gave it.
            hypotheses: Best first; none for a blank source.
        """
        ...


class TextFormat:
    """One text a line.

    Args:
        as_json: Write an object with source and translation instead of the translation.
        with_n_best: Write all hypotheses: a line each with the number of the line of input, the
            score and the text, separated by tabs; with `as_json` a list in the object.
    """

    def __init__(self, *, as_json: bool = False, with_n_best: bool = False) -> None:
        self.as_json = as_json
        self.with_n_best = with_n_best

    def parse(self, line: Line) -> Entry:
        """See `Format.parse`."""
        text = line.text.removeprefix(BOM) if line.number == 1 else line.text
        return Entry(line, text.removesuffix("\r"))

    def render(self, entry: Entry, hypotheses: Sequence[Hypothesis]) -> str:
        """See `Format.render`."""
        if self.as_json:
            fields = {"source": entry.source, **_fields(hypotheses, "translation")}
            if not self.with_n_best:
                del fields["n_best"]
            return json.dumps(fields, ensure_ascii=False) + "\n"
        if self.with_n_best:
            number = entry.line.number
            rows = [f"{number}\t{found.score:.4f}\t{_cell(found.text)}\n" for found in hypotheses]
            return "".join(rows) or f"{number}\t\t\n"
        return (hypotheses[0].text if hypotheses else "") + "\n"


class TsvFormat:
    """Columns separated by tabs; the translation goes into a further one, or fills one.

    Nothing is quoted: a quotation mark is a character like others.

    Args:
        column: Of the source: its number, counted from 1, or its name in the first line.
        into: Of the translation: the same. One that is not there is appended.
    """

    def __init__(self, column: str, into: str) -> None:
        self.column = column
        self.into = into
        self.source_index = int(column) - 1 if _is_number(column) else None
        self.target_index = int(into) - 1 if _is_number(into) else None
        self.has_header = self.source_index is None
        if self.source_index == -1 or self.target_index == -1:
            raise T5TuneError("Columns are counted from 1.", next_command="--column 1")

    def parse(self, line: Line) -> Entry:
        """See `Format.parse`."""
        cells = line.text.removesuffix("\r").split("\t")
        if self.has_header and line.number == 1:
            self._read_header(cells)
            return Entry(line, "")
        assert self.source_index is not None
        if not line.text.strip():
            return Entry(line, "")
        # A translation can be appended right after the last cell, where that has no name.
        target = -1 if self.target_index is None else self.target_index
        needed = max(self.source_index, target if self.has_header else target - 1)
        if len(cells) <= needed:
            raise T5TuneError(
                f"Line {line.number} has no column {needed + 1}, but {len(cells)}.",
                next_command=f"sed -n {line.number}p FILE",
            )
        source = cells[self.source_index]
        return Entry(line, source.removeprefix(BOM) if line.number == 1 else source)

    def _read_header(self, cells: Sequence[str]) -> None:
        names = [cells[0].removeprefix(BOM), *cells[1:]]
        if self.column not in names:
            raise T5TuneError(
                f"There is no column {self.column!r} in the first line, which names "
                f"{', '.join(names)}{did_you_mean(self.column, names)}.",
                next_command="--column NAME   # or a number, where the first line is no header",
            )
        self.source_index = names.index(self.column)
        if self.into in names:
            self.target_index = names.index(self.into)

    def render(self, entry: Entry, hypotheses: Sequence[Hypothesis]) -> str:
        """See `Format.render`."""
        body = entry.line.text.removesuffix("\r")
        end = entry.line.text[len(body) :] + "\n"
        is_header = self.has_header and entry.line.number == 1
        cells = body.split("\t")
        value = self.into if is_header else _cell(hypotheses[0].text) if hypotheses else ""
        if not is_header and not body.strip():
            return body + end
        if self.target_index is None or self.target_index == len(cells):
            return f"{body}\t{value}{end}"
        if hypotheses or is_header:
            cells[self.target_index] = value
        return "\t".join(cells) + end


class JsonLinesFormat:
    """One JSON object a line; the translation becomes a field of it, all else stays as written.

    Args:
        field: Of the source.
        into: Of the translation; is filled where it is there.
        with_n_best: Add the field `n_best`, a list of objects with text and score.
    """

    def __init__(self, field: str, into: str, *, with_n_best: bool = False) -> None:
        self.field = field
        self.into = into
        self.with_n_best = with_n_best

    def parse(self, line: Line) -> Entry:
        """See `Format.parse`."""
        if not line.text.strip():
            return Entry(line, "")
        fields = _scan_object(line)
        if self.field not in fields:
            raise T5TuneError(
                f"Line {line.number} has no field {self.field!r}; its fields are "
                f"{', '.join(fields) or 'none'}{did_you_mean(self.field, fields)}.",
                next_command="--column NAME",
            )
        value = fields[self.field].value
        if not isinstance(value, str):
            raise T5TuneError(
                f"Line {line.number}: the field {self.field!r} is no text.",
                next_command=f"sed -n {line.number}p FILE",
            )
        # A line break within a text would end a line of other formats; to a model it is a blank.
        return Entry(line, _SURROGATE.sub("\ufffd", value.replace("\n", " ").replace("\0", " ")))

    def render(self, entry: Entry, hypotheses: Sequence[Hypothesis]) -> str:
        """See `Format.render`."""
        text = entry.line.text
        if not text.strip():
            return text + "\n"
        additions = _fields(hypotheses, self.into)
        if not self.with_n_best:
            del additions["n_best"]
        for name, value in additions.items():
            fields = _scan_object(Line(entry.line.number, text))
            written = json.dumps(value, ensure_ascii=False)
            if name in fields:
                place = fields[name]
                text = text[: place.start] + written + text[place.end :]
            else:
                brace = text.rindex("}")
                comma = ", " if fields else ""
                head = text[:brace].rstrip(" \t") if fields else text[:brace]
                gap = text[len(head) : brace]
                text = f"{head}{comma}{json.dumps(name)}: {written}{gap}{text[brace:]}"
        return text + "\n"


@dataclass(frozen=True)
class _Field:
    value: Any
    start: int  # of the value in the line
    end: int


def _scan_object(line: Line) -> dict[str, _Field]:
    """The fields of an object and where their values stand; of equal names the last one."""
    text = line.text
    try:
        return _scan(text, 1 if line.number == 1 and text.startswith(BOM) else 0)
    except (ValueError, IndexError, RecursionError, StopIteration):
        raise T5TuneError(
            f"Line {line.number} is no JSON object.",
            next_command=f"sed -n {line.number}p FILE",
        ) from None


def _scan(text: str, start: int) -> dict[str, _Field]:
    decoder = json.JSONDecoder()

    def skip(position: int) -> int:
        match = _SPACE.match(text, position)
        assert match is not None
        return match.end()

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
        value, end = decoder.raw_decode(text, at)
        fields[name] = _Field(value, at, end)
        at = skip(end)
    if skip(at + 1) != len(text):
        raise ValueError(text[at:])
    return fields


def _fields(hypotheses: Sequence[Hypothesis], name: str) -> dict[str, Any]:
    return {
        name: hypotheses[0].text if hypotheses else "",
        "n_best": [{"text": found.text, "score": found.score} for found in hypotheses],
    }


def _cell(text: str) -> str:
    return " ".join(text.split("\t"))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()

"""Formats of lines, of input and of output: text and JSON lines."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

# The string reader of JSON's own decoder; typeshed leaves it out.
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any, Protocol

from t5tune.decoding.streaming.lines import Line
from t5tune.decoding.translator import Hypothesis
from t5tune.errors import T5TuneError, did_you_mean, list_names
from t5tune.files.text_files import BOM, STDIN_NAME

_SPACE = re.compile(r"[ \t\r]*")
_SURROGATE = re.compile("[\ud800-\udfff]")  # JSON can write half a character


@dataclass(frozen=True)
class Entry:
    """A line of input.

    Attributes:
        line: The line as it was read.
        source: Text to translate; a blank one stays blank and costs nothing.
    """

    line: Line
    source: str


class Format(Protocol):
    """A format whose lines can be read and written."""

    def parse(self, line: Line) -> Entry:
        """Return a line with the text to translate.

        Raises:
            T5TuneError: The line is not in this format.
        """
        ...

    def render(self, entry: Entry, hypotheses: Sequence[Hypothesis]) -> str:
        """Return the output for a line, newline included.

        Args:
            entry: Result of `parse`.
            hypotheses: Hypotheses, best first; none for a blank source.
        """
        ...


class TextFormat:
    """One text on each line.

    Args:
        as_json: Write an object with source and translation instead of the translation.
        with_n_best: Write all hypotheses: a line for each, with the number of the input line,
            the score and the text, separated by tabs; with `as_json` a list in the object.
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


class JsonLinesFormat:
    """One JSON object on each line; the translation becomes a field, the rest stays as written.

    Args:
        field: Field of the source.
        into: Field of the translation; replaced if it exists.
        with_n_best: Add the field `n_best`, a list of objects with text and score.
        name: Name of the input, for messages.
    """

    def __init__(
        self, field: str, into: str, *, with_n_best: bool = False, name: str = STDIN_NAME
    ) -> None:
        self.name = name
        self.field = field
        self.into = into
        self.with_n_best = with_n_best

    def parse(self, line: Line) -> Entry:
        """See `Format.parse`."""
        if not line.text.strip():
            return Entry(line, "")
        fields = self._scan_object(line)
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
        """See `Format.render`."""
        text = entry.line.text
        if not text.strip():
            return text + "\n"
        additions = _fields(hypotheses, self.into)
        if not self.with_n_best:
            del additions["n_best"]
        for name, value in additions.items():
            fields = self._scan_object(Line(entry.line.number, text))
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

    def _scan_object(self, line: Line) -> dict[str, _Field]:
        """Return the fields of an object and the positions of their values."""
        text = line.text
        try:
            return _scan(text, 1 if line.number == 1 and text.startswith(BOM) else 0)
        except RecursionError:
            reason = "is nested too deeply to be read"
        except (ValueError, IndexError, StopIteration):
            reason = "is not a JSON object"
        raise refuse_line(self.name, line.number, reason)


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
        value, end = _DECODER.raw_decode(text, at)
        fields[name] = _Field(value, at, end, name in fields)
        at = skip(end)
    if skip(at + 1) != len(text):
        raise ValueError(text[at:])
    return fields


def refuse_line(name: str, number: int, reason: str, next_command: str = "") -> T5TuneError:
    """Return the error about a line that is not in the format that was named."""
    file = "FILE" if name == STDIN_NAME else shlex.quote(name)
    return T5TuneError(
        f"Line {number} of {name} {reason}{'' if reason.endswith('?') else '.'}",
        next_command=next_command or f"sed -n {number}p {file}",
    )


def _fields(hypotheses: Sequence[Hypothesis], name: str) -> dict[str, Any]:
    return {
        name: hypotheses[0].text if hypotheses else "",
        "n_best": [{"text": found.text, "score": found.score} for found in hypotheses],
    }


def _cell(text: str) -> str:
    return " ".join(text.split("\t"))

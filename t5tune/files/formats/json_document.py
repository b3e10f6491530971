"""JSON: a list of objects, `{"data": [...]}` as SQuAD has it, or one object on each line."""

from __future__ import annotations

import io
import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from t5tune.errors import T5TuneError
from t5tune.files.file_format import MOST_CHARACTERS, FileFormat, FileOptions
from t5tune.files.formats import json_lines
from t5tune.files.json_objects import LAX_DECODER
from t5tune.files.json_stream import JsonStream
from t5tune.files.table import BadRow, Row, Table
from t5tune.files.text_streams import open_text

_LONGEST_LINE = 2_000_000  # characters; a longer first line is taken for a document


def _open(path: Path, options: FileOptions) -> Table:
    if _has_objects_on_lines(path, options, _LONGEST_LINE):
        return json_lines.open_json_lines(path, options)
    look = f"head -c 300 {shlex.quote(str(path))}"

    def read() -> Iterator[tuple[int, Row | BadRow]]:
        with open_text(path, options.encoding) as stream:
            for number, value in enumerate(_rows(JsonStream(stream, path, look)), start=1):
                is_row = isinstance(value, (dict, BadRow))
                yield number, value if is_row else _refuse_row(path, number, look)

    first = next((row for _, row in read() if not isinstance(row, BadRow)), {})
    return Table(str(path), list(first), read, "row")


def _refuse_row(path: Path, number: int, look: str) -> BadRow:
    return BadRow(f"{path}, row {number} is not a JSON object.", next_command=look)


def _has_objects_on_lines(path: Path, options: FileOptions, longest: int) -> bool:
    """Return whether the first line is an object and not all of the file."""
    with open_text(path, options.encoding, newline="\n") as stream:
        lines = iter(lambda: stream.readline(longest), "")
        line = next((line for line in lines if line.strip()), "")
        if not line.endswith("\n") or not line.lstrip().startswith("{"):
            return False
        if not any(block.strip() for block in iter(lambda: stream.read(MOST_CHARACTERS), "")):
            return False
    try:
        LAX_DECODER.decode(line)
    except (json.JSONDecodeError, RecursionError):
        return False
    return True


def _rows(document: JsonStream) -> Iterator[Any]:
    """Yield the rows of a document, those of its list or the one object that it is, or errors."""
    start = document.peek()
    if start == "[":
        yield from document.read_items()
    elif start == "{":
        yield from _rows_of_object(document)
    elif start:
        raise T5TuneError(
            f"{document.path} is neither a list of JSON objects nor one object a line.",
            next_command=document.look,
        )
    document.check_end()


def _rows_of_object(document: JsonStream) -> Iterator[Any]:
    """Yield the rows of the list named data, or the object if it has none."""
    members: Row = {}
    has_rows = False
    for name in document.read_names():
        if name == "data" and document.peek() == "[":
            has_rows = True
            yield from document.read_items()
        else:
            members[name] = document.read_value()
    if not has_rows:
        yield members


def _read_columns(path: Path, options: FileOptions) -> list[str] | None:
    if _has_objects_on_lines(path, options, MOST_CHARACTERS):
        return json_lines.read_columns(path, options)
    with open_text(path, options.encoding) as stream:
        start = stream.read(MOST_CHARACTERS)
    if not start.strip():
        return [] if len(start) < MOST_CHARACTERS else None
    return json_lines.name_keys(next(_rows(JsonStream(io.StringIO(start), path, "")), None))


FORMAT = FileFormat("json", (".json",), _open, _read_columns, ("encoding",))

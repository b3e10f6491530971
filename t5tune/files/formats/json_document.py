"""JSON: a list of objects, `{"data": [...]}` as SQuAD has it, or one object on each line."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from t5tune.errors import T5TuneError
from t5tune.files.file_format import FileFormat
from t5tune.files.formats import json_lines
from t5tune.files.json_objects import parse_exact_json
from t5tune.files.table import Table
from t5tune.files.text_files import read_text

MOST_BYTES = 2_000_000  # largest file whose columns are looked up: it must be read completely


def _open(path: Path, _columns: list[str] | None) -> Table:
    text = read_text(path)
    look = f"head -c 300 {shlex.quote(str(path))}"
    try:
        value = parse_exact_json(text, str(path), look)
    except T5TuneError:
        if text.lstrip().startswith("["):
            raise
        return json_lines.open_json_lines(path)
    if isinstance(value, dict) and isinstance(value.get("data"), list):
        value = value["data"]
    if isinstance(value, dict):
        value = [value]
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise T5TuneError(
            f"{path} is neither a list of JSON objects nor one object a line.", next_command=look
        )
    columns = list(value[0]) if value else []
    return Table(str(path), columns, lambda: enumerate(value, start=1), "row", len(value))


def _read_columns(path: Path) -> list[str] | None:
    if path.stat().st_size > MOST_BYTES:
        return None
    return _keys_of_document(path) or json_lines.read_columns(path)


def _keys_of_document(path: Path) -> list[str] | None:
    """Return the names of the first object, if the file is one value."""
    try:
        value = json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError:
        return None
    if isinstance(value, dict) and isinstance(value.get("data"), list):
        value = value["data"]
    return json_lines.name_keys(value[0] if isinstance(value, list) and value else value)


FORMAT = FileFormat("json", (".json",), _open, _read_columns)

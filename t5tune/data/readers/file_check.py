"""What can be told of a recipe's data files without reading them whole: in milliseconds.

Imports no model library. What only the rows can tell is found when they are read.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from t5tune.data.columns import guess_columns, missing_column, template_fields
from t5tune.data.readers.tables import FORMATS
from t5tune.errors import T5TuneError
from t5tune.files.text_files import read_start, refuse_binary
from t5tune.recipe.places import TableFile, TextPair
from t5tune.recipe.schema import DataEntry, DataSection
from t5tune.run.directory import display_path

MOST_CHARACTERS = 1_000_000  # of a line that is looked at
MOST_BYTES = 2_000_000  # of a JSON file, which only makes sense as a whole


def find_problems(
    data: DataSection, source_lang: str | None, target_lang: str | None
) -> Iterator[T5TuneError]:
    """Yield an error for each split whose file is missing, of no known kind, or lacks a column.

    Args:
        data: The recipe's section.
        source_lang: Key of the source in `translation` columns.
        target_lang: Key of the target in `translation` columns.
    """
    for split, entry in data.entries.items():
        where, place = f"data.{split}", entry.place
        try:
            if isinstance(place, TextPair):
                _check_pair(place, where)
            elif isinstance(place, TableFile):
                names = entry.source or data.source, entry.target or data.target
                _check_table(entry, place, names, (source_lang, target_lang), where)
        except T5TuneError as error:
            yield error


def _check_pair(pair: TextPair, where: str) -> None:
    find_file(pair.source_file, where, "source_file")
    find_file(pair.target_file, where, "target_file")
    for reference in pair.references:
        find_file(reference, where, "references")


def _check_table(
    entry: DataEntry,
    file: TableFile,
    names: tuple[str | None, str | None],
    languages: tuple[str | None, str | None],
    where: str,
) -> None:
    path = find_file(file.file, where, "file")
    place = display_path(path)
    kind = file.format or find_format(path, where)
    columns = read_columns(path, kind)
    if columns == []:
        raise T5TuneError(
            f"{where}: {place} holds no example.",
            next_command="put data there, or point the recipe at another file or split",
        )
    columns = file.columns or columns
    if columns is None:
        return
    guess_columns(*names, columns, languages, place, where)
    for reference in entry.references or ():
        for name in template_fields(reference, where) if "{" in reference else [reference]:
            if name not in columns and name.split(".")[0] not in columns:
                raise missing_column(name, columns, f"{where}.references: {place}")


def find_file(path: str, where: str, key: str) -> Path:
    """The file that a recipe names.

    Args:
        path: As the recipe has it.
        where: Key of the entry, for messages.
        key: Within the entry.

    Raises:
        T5TuneError: It is not there, or not a file.
    """
    found = Path(path).expanduser()
    if not found.is_file():
        kind = "a directory, not a file" if found.is_dir() else "not there"
        raise T5TuneError(
            f"{where}.{key}: {display_path(path)} is {kind}.",
            next_command=f"ls {display_path(found.parent)}   # then correct {where}.{key}",
        )
    return found


def find_format(path: Path, where: str) -> str:
    """The format that the ending of a file tells.

    Args:
        path: Of a file that is there.
        where: Key of the entry in the recipe, for messages.

    Raises:
        T5TuneError: The ending tells nothing; with what the file is, if its beginning tells that.
    """
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        place = display_path(path)
        raise refuse_binary(place, read_start(path)) or T5TuneError(
            f"{where}.file: the ending of {place} does not tell its format.",
            next_command=f"add `format:` to {where}: tsv, csv, json, jsonl or parquet",
        )
    return kind


def read_columns(path: Path, kind: str) -> list[str] | None:
    """Names of the columns, by the beginning of a file.

    Args:
        path: Of the file.
        kind: One of the values of `FORMATS`.

    Returns:
        None where the beginning does not tell, be it that the file is damaged; an empty list for a
        file without any content.
    """
    if path.stat().st_size == 0:
        return []
    try:
        if kind == "parquet":
            return _read_parquet_columns(path)
        with path.open(encoding="utf-8-sig", newline="" if kind == "csv" else "\n") as stream:
            if kind == "csv":
                return next((row for row in csv.reader(stream, strict=True) if row), [])
            if kind == "tsv":
                return stream.readline(MOST_CHARACTERS).rstrip("\n").removesuffix("\r").split("\t")
            if kind == "json" and path.stat().st_size > MOST_BYTES:
                return None
            whole = stream.read() if kind == "json" else ""
            stream.seek(0)
            lines = iter(lambda: stream.readline(MOST_CHARACTERS), "")
            return _keys_of_json(whole) or _keys_of_first(lines)
    except (UnicodeDecodeError, csv.Error, RecursionError, OSError):
        return None  # whoever reads all of it says what is wrong, and where


def _keys_of_json(text: str) -> list[str] | None:
    """Of the first object of a JSON file: of a list, or of `{"data": [...]}`."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    if isinstance(value, dict) and isinstance(value.get("data"), list):
        value = value["data"]
    return _keys(value[0] if isinstance(value, list) and value else value)


def _keys_of_first(lines: Iterable[str]) -> list[str] | None:
    """Of the first object of JSON lines."""
    line = next((line for line in lines if line.strip()), None)
    if line is None:
        return []
    try:
        return _keys(json.loads(line))
    except ValueError:
        return None


def _keys(value: Any) -> list[str] | None:
    return list(value) or None if isinstance(value, dict) else None


def _read_parquet_columns(path: Path) -> list[str] | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return list(pq.read_schema(path).names)
    except pa.ArrowException:
        return None

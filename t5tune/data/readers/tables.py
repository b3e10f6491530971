"""Rows of local files (TSV, CSV, JSON, JSON lines, Parquet), read as exact text.

They are read here and not by `datasets`, whose readers turn `NA` and `null` into missing values
and `007` into 7, and split text rows at a lone carriage return.
"""

from __future__ import annotations

import csv
import io
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t5tune.data.readers.json_objects import parse_json
from t5tune.errors import T5TuneError, list_names, visible
from t5tune.files.recognition import command_for, find_pointer
from t5tune.files.text_files import read_lines, read_start, read_text, refuse_binary

Row = dict[str, Any]

FORMATS = {
    ".tsv": "tsv",
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
}
_BATCH_ROWS = 10_000


@dataclass(frozen=True)
class Table:
    """Rows with named columns.

    Attributes:
        place: What they come from, for messages.
        columns: Their names; those of the first row where each row names its own.
        rows: Iterates over all rows, each with its number, counted from 1.
        unit: What the number counts: "line" of a text file, or "row".
        num_rows: How many there are, if that is known.
    """

    place: str
    columns: list[str]
    rows: Callable[[], Iterator[tuple[int, Row]]]
    unit: str = "row"
    num_rows: int | None = None

    def locate(self, number: int) -> str:
        """The place of a row, for messages."""
        return f"{self.place}, {self.unit} {number}"


def open_table(path: Path, kind: str, columns: list[str] | None, where: str) -> Table:
    """Open a file.

    Args:
        path: Of the file, as messages show it.
        kind: One of `FORMATS`.
        columns: Their names, where a TSV or CSV file has no header line.
        where: Key of the entry in the recipe, for messages.

    Raises:
        T5TuneError: It is not of this kind; where rows are read one by one, at the row.
    """
    start = read_start(path)
    if content := find_pointer(start):
        raise T5TuneError(
            f"{path} is {content.name}.", next_command=command_for(content, str(path))
        )
    if kind == "parquet":
        return _open_parquet(path, start, where)
    if start.startswith(b"PAR1") and (refusal := refuse_binary(str(path), start)):
        raise T5TuneError(refusal.message, next_command=f"add `format: parquet` to {where}")
    if kind in ("tsv", "csv"):
        return _name_columns(_read_tsv(path) if kind == "tsv" else _read_csv(path), columns, path)
    return _open_jsonl(path) if kind == "jsonl" else _open_json(path)


def _show_line(path: Path, number: int) -> str:
    return f"sed -n {number}p {shlex.quote(str(path))}"


def _read_tsv(path: Path) -> list[tuple[int, list[str]]]:
    """Tab-separated cells with their lines. Quotes are text: TSV has no quoting."""
    return [(i, line.split("\t")) for i, line in enumerate(read_lines(path), start=1)]


def _read_csv(path: Path) -> list[tuple[int, list[str]]]:
    """Comma-separated cells, quoted as in RFC 4180, with the line on which each row begins."""
    rows: list[tuple[int, list[str]]] = []
    begin = 1
    with _any_length():
        reader = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
        try:
            for row in reader:
                if row:
                    rows.append((begin, row))
                begin = reader.line_num + 1
        except csv.Error as error:
            raise T5TuneError(
                f"{path} is not readable as CSV: {error} in the row that begins on line {begin}.",
                next_command=_show_line(path, begin),
            ) from error
    return rows


@contextmanager
def _any_length() -> Iterator[None]:
    """The `csv` module takes fields of any length: a document has more than 131,072 characters."""
    limit = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def _name_columns(
    rows: list[tuple[int, list[str]]], columns: list[str] | None, path: Path
) -> Table:
    """The first row is the header unless the recipe names the columns."""
    if not rows:
        return Table(str(path), [], lambda: iter(()), "line")
    names = columns or rows[0][1]
    origin = "`columns` in the recipe" if columns else "the first line"
    refuse_repeated(names, str(path) if columns is None else origin, path)
    body = rows if columns else rows[1:]

    def read() -> Iterator[tuple[int, Row]]:
        for number, row in body:
            if len(row) != len(names):
                plural = "" if len(row) == 1 else "s"
                raise T5TuneError(
                    f"{path}, line {number} has {len(row)} column{plural}, but {origin} names "
                    f"{len(names)} ({list_names(names)}).",
                    next_command=_show_line(path, number),
                )
            yield number, dict(zip(names, row, strict=True))

    return Table(str(path), list(names), read, "line", len(body))


def refuse_repeated(names: Sequence[str], place: str, path: Path) -> None:
    """Columns that have no name cannot be asked for, so that any number of them is fine.

    Raises:
        T5TuneError: Two columns have the same name.
    """
    first: dict[str, int] = {}
    for number, name in enumerate(names, start=1):
        if name and name in first:
            raise T5TuneError(
                f"{place}: columns {first[name]} and {number} are both named "
                f"{visible(name, one_line=True)}.",
                next_command=f"rename one of the two   # head -n 1 {shlex.quote(str(path))}",
            )
        first.setdefault(name, number)


def _open_jsonl(path: Path) -> Table:
    lines = read_lines(path)

    def read() -> Iterator[tuple[int, Row]]:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                place = f"{path}, line {number}"
                value = parse_json(line, place, _show_line(path, number))
                if not isinstance(value, dict):
                    raise T5TuneError(
                        f"{place} is not a JSON object.", next_command=_show_line(path, number)
                    )
                yield number, value

    first = next(read(), None)
    return Table(str(path), list(first[1]) if first else [], read, "line", len(lines))


def _open_json(path: Path) -> Table:
    """A list of objects, `{"data": [...]}` as SQuAD has it, or one object a line."""
    text = read_text(path)
    look = f"head -c 300 {shlex.quote(str(path))}"
    try:
        value = parse_json(text, str(path), look)
    except T5TuneError:
        if text.lstrip().startswith("["):
            raise
        return _open_jsonl(path)
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


def _open_parquet(path: Path, start: bytes, where: str) -> Table:
    """Rows are read in batches: a file may hold more than the memory does."""
    import pyarrow.parquet as pq

    if not start.startswith(b"PAR1"):
        raise refuse_binary(str(path), start) or T5TuneError(
            f"{path} is not a Parquet file.",
            next_command=f"add `format:` to {where}: tsv, csv, json or jsonl",
        )
    with _explaining_parquet(path):
        file = pq.ParquetFile(path)
    names = list(file.schema_arrow.names)
    refuse_repeated(names, str(path), path)

    def read() -> Iterator[tuple[int, Row]]:
        number = 0
        batches = pq.ParquetFile(path).iter_batches(_BATCH_ROWS)
        while True:
            with _explaining_parquet(path):
                batch = next(batches, None)
            if batch is None:
                return
            for row in batch.to_pylist():
                number += 1
                yield number, row

    return Table(str(path), names, read, "row", file.metadata.num_rows)


@contextmanager
def _explaining_parquet(path: Path) -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise T5TuneError(
            f"{path} is not a readable Parquet file: {error}", next_command=f"file {path}"
        ) from error

"""Where examples come from: hub data sets and local files, read as exact text.

Every reader returns a `datasets.Dataset` with the columns `source` (string), `target`
(string) and `references` (list of strings, the target first).

Text, TSV, CSV and JSONL are read here and not by `datasets`, whose readers turn `NA` and
`null` into missing values and `007` into 7, and split text rows at a lone carriage return.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t5tune.data.columns import ColumnReader, guess_columns
from t5tune.errors import T5TuneError
from t5tune.progress import say
from t5tune.recipe.schema import DataEntry
from t5tune.run_directory import display_path
from t5tune.scoring.text_files import read_lines

if TYPE_CHECKING:
    from datasets import Dataset

FORMATS = {
    ".tsv": "tsv",
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
}


def load_split(
    entry: DataEntry,
    split: str,
    *,
    source: str | None = None,
    target: str | None = None,
    source_lang: str | None = None,
    target_lang: str | None = None,
) -> Dataset:
    """Read one split.

    Args:
        entry: Where the examples are.
        split: Name of the split, for messages.
        source: Column or template for entries that name none.
        target: The same for the target.
        source_lang: Key of the source in `translation` columns.
        target_lang: Key of the target in `translation` columns.

    Returns:
        A data set with the columns `source`, `target`, `references`.

    Raises:
        T5TuneError: The file or the hub cannot be read, a column is missing, source and
            target have different lengths, or there is no example.
    """
    from datasets import Dataset

    where = f"data.{split}"
    if entry.source_file is not None and entry.target_file is not None:
        dataset = Dataset.from_dict(_read_text_pair(entry, where))
    else:
        place, columns, rows = _open_rows(entry, where)
        languages = (source_lang, target_lang)
        names = guess_columns(
            entry.source or source, entry.target or target, columns, languages, place, where
        )
        reader = ColumnReader(*names, entry.references or [], place)
        dataset = Dataset.from_dict(_read_rows(rows(), reader, entry.max_examples))
    if len(dataset) == 0:
        raise T5TuneError(
            f"{where}: {_place(entry)} holds no example.",
            next_command="put data there, or point the recipe at another file or split",
        )
    return dataset


def _place(entry: DataEntry) -> str:
    if entry.hub is not None:
        config = f" ({entry.config})" if entry.config else ""
        return f"{entry.hub}{config}, split {entry.split}"
    return display_path(entry.file or entry.source_file or "")


def _existing(path: str, where: str, key: str) -> Path:
    found = Path(path).expanduser()
    if not found.is_file():
        kind = "a directory, not a file" if found.is_dir() else "not there"
        raise T5TuneError(
            f"{where}.{key}: {display_path(path)} is {kind}.",
            next_command=f"ls {display_path(found.parent)}   # then correct {where}.{key}",
        )
    return found


def _read_text_pair(entry: DataEntry, where: str) -> dict[str, list[Any]]:
    """Lines of parallel files; references may come from further files."""
    assert entry.source_file is not None
    assert entry.target_file is not None
    sources = read_lines(_existing(entry.source_file, where, "source_file"))
    files = [entry.target_file, *(entry.references or [])]
    keys = ["target_file", *["references"] * len(entry.references or [])]
    columns = []
    for path, key in zip(files, keys, strict=True):
        lines = read_lines(_existing(path, where, key))
        if len(lines) != len(sources):
            first, second = display_path(entry.source_file), display_path(path)
            raise T5TuneError(
                f"{where}: {first} has {len(sources)} lines and {second} has {len(lines)}; "
                "line n of one must be the translation of line n of the other.",
                next_command=f"wc -l {first} {second}",
            )
        columns.append(lines)
    rows = list(zip(*columns, strict=True))[: entry.max_examples]
    return {
        "source": sources[: entry.max_examples],
        "target": [row[0] for row in rows],
        "references": [list(row) for row in rows],
    }


Rows = Callable[[], Iterator[dict[str, Any]]]


def _open_rows(entry: DataEntry, where: str) -> tuple[str, list[str], Rows]:
    """The place's name, its columns, and a function that iterates over its rows."""
    if entry.hub is not None:
        dataset = _load_from_hub(entry, where)
        columns = list(dataset.column_names)
        return _place(entry), columns, lambda: iter(dataset)
    assert entry.file is not None
    path = _existing(entry.file, where, "file")
    kind = entry.format or FORMATS.get(path.suffix.lower())
    if kind is None:
        raise T5TuneError(
            f"{where}.file: the ending of {display_path(path)} does not tell its format.",
            next_command=f"add `format:` to {where}: tsv, csv, json, jsonl or parquet",
        )
    path = Path(display_path(path))
    if kind == "parquet":
        return _open_parquet(path)
    if kind in ("tsv", "csv"):
        lines = _read_tsv(path) if kind == "tsv" else _read_csv(path)
        rows = _name_columns(lines, entry.columns, path)
    else:
        rows = _read_jsonl(path) if kind == "jsonl" else _read_json(path)
    return str(path), list(rows[0]) if rows else [], lambda: iter(rows)


def _load_from_hub(entry: DataEntry, where: str) -> Dataset:
    import datasets

    datasets.utils.logging.set_verbosity_error()
    assert entry.hub is not None
    say(f"data: loading {_place(entry)} from the hub or its cache")
    try:
        dataset = datasets.load_dataset(
            entry.hub, entry.config, split=entry.split, revision=entry.revision
        )
    except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError) as error:
        reason = str(error).strip().split("\n")[0]
        raise T5TuneError(
            f"{where}: the data set {_place(entry)} could not be loaded from the hub: {reason}",
            next_command=f"check the id, the split and the network, or use files: "
            f"{where}.hub=null {where}.split=null {where}.file=FILE",
        ) from error
    assert isinstance(dataset, datasets.Dataset)
    if entry.max_examples is not None:
        dataset = dataset.select(range(min(entry.max_examples, len(dataset))))
    return dataset


def _open_parquet(path: Path) -> tuple[str, list[str], Rows]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except pa.ArrowException as error:
        raise T5TuneError(
            f"{path} is not a readable Parquet file: {error}", next_command=f"file {path}"
        ) from error
    return str(path), table.column_names, lambda: iter(table.to_pylist())


def _read_tsv(path: Path) -> list[list[str]]:
    """Tab-separated cells. Quotes are text: TSV has no quoting."""
    return [line.split("\t") for line in read_lines(path)]


def _read_csv(path: Path) -> list[list[str]]:
    """Comma-separated cells, quoted as in RFC 4180."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, strict=True)
        try:
            return [row for row in reader if row]
        except (csv.Error, UnicodeDecodeError) as error:
            raise T5TuneError(
                f"{path}, line {reader.line_num}: not readable as CSV: {error}.",
                next_command=f"sed -n {max(reader.line_num, 1)}p {path}",
            ) from error


def _name_columns(
    rows: list[list[str]], columns: list[str] | None, path: Path
) -> list[dict[str, Any]]:
    """Rows as dictionaries; the first one is the header unless the recipe names the columns."""
    if not rows:
        return []
    names = columns or rows[0]
    first = 1 if columns else 2
    for number, row in enumerate(rows[first - 1 :], start=first):
        if len(row) != len(names):
            raise T5TuneError(
                f"{path}, row {number}: {len(row)} columns, but there are names for {len(names)} "
                f"({', '.join(names)}).",
                next_command=f"head -n {number} {path} | tail -n 1",
            )
    return [dict(zip(names, row, strict=True)) for row in rows[first - 1 :]]


def _read_jsonl(path: Path) -> list[dict[str, Any]]:
    rows = []
    for number, line in enumerate(read_lines(path), start=1):
        if line.strip():
            rows.append(_parse_object(line, f"{path}, line {number}", f"sed -n {number}p {path}"))
    return rows


def _parse_object(text: str, place: str, next_command: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise T5TuneError(f"{place}: not JSON: {error}.", next_command=next_command) from error
    if not isinstance(value, dict):
        raise T5TuneError(f"{place}: not a JSON object.", next_command=next_command)
    return value


def _read_json(path: Path) -> list[dict[str, Any]]:
    """A list of objects, `{"data": [...]}` as SQuAD has it, or one object a line."""
    text = "\n".join(read_lines(path))
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return _read_jsonl(path)
    if isinstance(value, dict) and isinstance(value.get("data"), list):
        value = value["data"]
    if isinstance(value, dict):
        value = [value]
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise T5TuneError(
            f"{path}: expected a list of JSON objects, or one object a line.",
            next_command=f"head -c 300 {path}",
        )
    return value


def _read_rows(
    rows: Iterator[dict[str, Any]], reader: ColumnReader, limit: int | None
) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {"source": [], "target": [], "references": []}
    for number, row in enumerate(rows, start=1):
        if limit is not None and number > limit:
            break
        source, references = reader.read(row, number)
        columns["source"].append(source)
        columns["target"].append(references[0])
        columns["references"].append(references)
    return columns

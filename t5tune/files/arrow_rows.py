"""Rows of batches of Arrow, with only the columns that are needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from t5tune.errors import T5TuneError
from t5tune.files.table import Row

BATCH_ROWS = 10_000


def find_path(schema: Any, name: str) -> list[str] | None:
    """Return the path to a column, or to a field of nested structs that dots separate, if any."""
    if schema.names.count(name) == 1:
        return [name]
    path = name.split(".")
    fields = {field.name: field.type for field in schema}
    for part in path:
        if part not in fields:
            return None
        kind = fields[part]
        is_struct = hasattr(kind, "num_fields") and str(kind).startswith("struct<")
        fields = {field.name: field.type for field in kind} if is_struct else {}
    return path


def number_rows(
    batches: Iterable[Any], paths: Sequence[Sequence[str]] | None
) -> Iterator[tuple[int, Row]]:
    """Yield the rows of record batches, numbered from 1.

    Args:
        batches: Record batches.
        paths: Paths to columns, whose names are joined by dots in the rows; None for all columns.
    """
    number = 0
    for batch in batches:
        for start in range(0, batch.num_rows, BATCH_ROWS):
            for row in _rows(batch.slice(start, BATCH_ROWS), paths):
                number += 1
                yield number, row


def _rows(batch: Any, paths: Sequence[Sequence[str]] | None) -> Iterable[Row]:
    if paths is None:
        rows: Iterable[Row] = batch.to_pylist()
        return rows
    names = [".".join(path) for path in paths]
    columns = (_column(batch, path).to_pylist() for path in paths)
    return (dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True))


def _column(batch: Any, path: Sequence[str]) -> Any:
    import pyarrow.compute as pc

    column = batch.column(path[0])
    return column if len(path) == 1 else pc.struct_field(column, list(path[1:]))


@contextmanager
def explaining_arrow(path: Path, kind: str = "Arrow") -> Iterator[None]:
    """Turn what pyarrow raises for a damaged file of this kind into one sentence."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise T5TuneError(
            f"{path} is not a readable {kind} file: {error}", next_command=f"file {path}"
        ) from error

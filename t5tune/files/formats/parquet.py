"""Parquet: typed columns in a binary file, read with pyarrow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from t5tune.files.arrow_rows import BATCH_ROWS, explaining_arrow, find_path, number_rows
from t5tune.files.file_format import FileFormat, FileOptions
from t5tune.files.table import Row, Table, refuse_repeated


def _open(path: Path, _options: FileOptions) -> Table:
    """Return rows that are read in batches: a file may hold more than the memory does."""
    import pyarrow.parquet as pq

    with explaining_arrow(path, "Parquet"):
        file = pq.ParquetFile(path)
    schema = file.schema_arrow
    refuse_repeated(schema.names, str(path), path)

    def read(names: Sequence[str] | None = None) -> Iterator[tuple[int, Row]]:
        found = [find_path(schema, name) for name in names or ()]
        paths = [path for path in found if path] if names and None not in found else None
        columns = None if paths is None else [".".join(path) for path in paths]
        with explaining_arrow(path, "Parquet"):
            # Buffers that are filled ahead stay until the end: memory would grow with the file.
            file = pq.ParquetFile(path, pre_buffer=False)
            yield from number_rows(file.iter_batches(BATCH_ROWS, columns=columns), paths)

    return Table(str(path), list(schema.names), read, "row", file.metadata.num_rows, pick=read)


def _read_columns(path: Path, _options: FileOptions) -> list[str] | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return list(pq.read_schema(path).names)
    except pa.ArrowException:
        return None


FORMAT = FileFormat("parquet", (".parquet",), _open, _read_columns, magic=b"PAR1")

"""Parquet: typed columns in a binary file, read with pyarrow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from t5tune.errors import T5TuneError
from t5tune.files.file_format import FileFormat, FileOptions
from t5tune.files.table import Row, Table, refuse_repeated

_BATCH_ROWS = 10_000


def _open(path: Path, _options: FileOptions) -> Table:
    """Return rows that are read in batches: a file may hold more than the memory does."""
    import pyarrow.parquet as pq

    with _explaining_parquet(path):
        file = pq.ParquetFile(path)
    names = list(file.schema_arrow.names)
    refuse_repeated(names, str(path), path)

    def read() -> Iterator[tuple[int, Row]]:
        number = 0
        # Buffers that are filled ahead stay until the end: with them memory grows with the file.
        batches = pq.ParquetFile(path, pre_buffer=False).iter_batches(_BATCH_ROWS)
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


def _read_columns(path: Path, _options: FileOptions) -> list[str] | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return list(pq.read_schema(path).names)
    except pa.ArrowException:
        return None


FORMAT = FileFormat("parquet", (".parquet",), _open, _read_columns, magic=b"PAR1")

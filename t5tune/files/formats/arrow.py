"""Arrow: record batches in a file, or in a directory that `save_to_disk` of `datasets` wrote.

Files are mapped, so that only the pages of the columns that are read come into memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from t5tune.files.arrow_rows import explaining_arrow, find_path, number_rows
from t5tune.files.file_format import FileFormat, FileOptions
from t5tune.files.saved_datasets import list_arrow_files
from t5tune.files.table import Row, Table, refuse_repeated

_FILE_MAGIC = b"ARROW1"  # of a file; a stream of batches, which `datasets` writes, has none


def _open(path: Path, options: FileOptions) -> Table:
    files = list_arrow_files(path, options.split) if path.is_dir() else [path]
    with explaining_arrow(path):
        schema = _open_mapped(files[0]).schema
        num_rows = sum(batch.num_rows for batch in _batches(files))
    refuse_repeated(schema.names, str(path), path)

    def read(names: Sequence[str] | None = None) -> Iterator[tuple[int, Row]]:
        found = [find_path(schema, name) for name in names or ()]
        paths = [one for one in found if one] if names and None not in found else None
        with explaining_arrow(path):
            yield from number_rows(_batches(files), paths)

    return Table(str(path), list(schema.names), read, "row", num_rows, pick=read)


def _open_mapped(path: Path) -> Any:
    import pyarrow as pa

    source = pa.memory_map(str(path))
    is_file = source.read(len(_FILE_MAGIC)) == _FILE_MAGIC
    source.seek(0)
    return pa.ipc.open_file(source) if is_file else pa.ipc.open_stream(source)


def _batches(files: Sequence[Path]) -> Iterator[Any]:
    for file in files:
        reader = _open_mapped(file)
        if hasattr(reader, "num_record_batches"):
            yield from (reader.get_batch(i) for i in range(reader.num_record_batches))
        else:
            yield from reader


def _read_columns(path: Path, options: FileOptions) -> list[str] | None:
    import pyarrow as pa

    files = list_arrow_files(path, options.split) if path.is_dir() else [path]
    try:
        return list(_open_mapped(files[0]).schema.names)
    except (pa.ArrowException, IndexError):
        return None


FORMAT = FileFormat("arrow", (".arrow",), _open, _read_columns, ("split",))

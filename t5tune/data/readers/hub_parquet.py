"""Reads the number of rows, or the first rows, of Parquet files on the hub.

The end of a Parquet file lists its groups of rows. If 300 rows of a file of 300 MB are needed, its
end and one group are loaded, and the group is kept in the cache.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import IO, TYPE_CHECKING

from t5tune.data.readers.hub_beginnings import (
    beginning_path,
    find_first_rows,
    is_small,
    kept_path,
    open_stream,
)
from t5tune.files.writing import write_text
from t5tune.hub import Snapshot
from t5tune.hub.offline import is_offline

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

_REQUEST = 16 * 2**20  # bytes of groups that are loaded together, and are in memory meanwhile


def count_rows(snapshot: Snapshot, path: str) -> int:
    """Return the number of rows of a Parquet file; only its end is loaded if it is not cached.

    Raises:
        T5TuneError: The file could not be loaded.
    """
    import pyarrow.parquet as pq

    if is_small(snapshot, path) or (snapshot.folder / path).is_file():
        (local,) = snapshot.download([path])
        return int(pq.read_metadata(local).num_rows)
    number = kept_path(snapshot, path, "rows")
    if number.is_file():
        return int(number.read_text(encoding="utf-8"))
    if is_offline():
        snapshot.download([path])  # raised if the file is not cached
    with _open_remote(snapshot, path) as (_, file):
        num = int(file.metadata.num_rows)
        write_text(number, str(num))
    return num


def load_first_rows(snapshot: Snapshot, path: str, num: int) -> Path:
    """Return a Parquet file in the cache with at least the first rows of one on the hub.

    Args:
        snapshot: Data set.
        path: Path of the file in it.
        num: Number of rows that are needed; the file on the hub may have fewer.

    Returns:
        The complete file if it is cached or not much larger, else a file of the first groups.

    Raises:
        T5TuneError: The file could not be loaded.
    """
    if (found := find_first_rows(snapshot, path, num)) is not None:
        return found
    with _open_remote(snapshot, path) as (stream, file):
        groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
        ends = list(accumulate(group.num_rows for group in groups))
        needed = next((i for i, end in enumerate(ends, start=1) if end >= num), len(groups))
        sizes = [_size_of(group) for group in groups[:needed]]
        if 2 * sum(sizes) <= (snapshot.files[path] or 0):
            part = beginning_path(snapshot, path, ends[needed - 1])
            _copy_groups(stream, file, sizes, part)
            return part
    return snapshot.download([path])[0]


def _copy_groups(stream: IO[bytes], file: ParquetFile, sizes: Sequence[int], part: Path) -> None:
    """Write the first groups of rows to a file of their own, some at a time.

    Args:
        stream: File on the hub.
        file: The same, opened.
        sizes: Size of each group in bytes.
        part: File to create.
    """
    import pyarrow.parquet as pq

    temporary = part.with_name(f"{part.name}.{os.getpid()}.tmp")
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        with pq.ParquetWriter(temporary, file.schema_arrow) as writer:
            for groups in _in_requests(sizes):
                # A reader keeps all that it has loaded, so that each has some groups only.
                reader = pq.ParquetFile(stream, metadata=file.metadata, pre_buffer=True)
                writer.write_table(reader.read_row_groups(groups))
        os.replace(temporary, part)
    finally:
        temporary.unlink(missing_ok=True)


def _in_requests(sizes: Sequence[int]) -> Iterator[list[int]]:
    """Yield numbers of neighbouring groups that are requested together."""
    groups: list[int] = []
    num_bytes = 0
    for number, size in enumerate(sizes):
        if groups and num_bytes + size > _REQUEST:
            yield groups
            groups, num_bytes = [], 0
        groups.append(number)
        num_bytes += size
    yield groups


def _size_of(group: object) -> int:
    columns = range(group.num_columns)  # type: ignore[attr-defined]
    return sum(group.column(i).total_compressed_size for i in columns)  # type: ignore[attr-defined]


@contextmanager
def _open_remote(snapshot: Snapshot, path: str) -> Iterator[tuple[IO[bytes], ParquetFile]]:
    import pyarrow.parquet as pq

    with (
        open_stream(snapshot, path) as stream,
        pq.ParquetFile(stream, pre_buffer=True) as file,
    ):
        yield stream, file

"""Ways of holding tokenized pairs on disk, for benchmarks/token_stores.py.

Each writes a stream of chunks into a directory and opens it again; what is open returns the arrays
of examples whose indices are given.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.uint16]
SIDES = ("input_ids", "labels")
CHUNK = 10_000  # pairs in a chunk, but for the last


@dataclass(frozen=True)
class Side:
    """One side of a chunk: the number of tokens of each text, and all ids."""

    lengths: NDArray[np.int32]
    ids: Ids


Chunk = tuple[Side, Side]


class Opened(Protocol):
    """A store that is open."""

    def __len__(self) -> int: ...

    def read(self, indices: Sequence[int]) -> list[tuple[Ids, Ids]]:
        """Return source and target of some examples."""
        ...


class Flat:
    """Raw arrays of each side, mapped by NumPy: ids, lengths, offsets; a manifest comes last."""

    def write(self, chunks: Iterable[Chunk], directory: Path) -> None:
        sizes = {}
        files = {
            f"{side}.{kind}": (directory / f"{side}.{kind}").open("wb")
            for side in SIDES
            for kind in ("ids", "lengths", "offsets")
        }
        ends = [0, 0]
        for chunk in chunks:
            for number, (name, side) in enumerate(zip(SIDES, chunk, strict=True)):
                starts = ends[number] + np.cumsum(side.lengths, dtype=np.int64) - side.lengths
                ends[number] += len(side.ids)
                side.ids.tofile(files[f"{name}.ids"])
                side.lengths.astype(np.uint16).tofile(files[f"{name}.lengths"])
                starts.tofile(files[f"{name}.offsets"])
        for name, end in zip(SIDES, ends, strict=True):
            np.int64(end).tofile(files[f"{name}.offsets"])
        for name, file in files.items():
            sizes[name] = file.tell()
            file.close()
        (directory / "manifest.json").write_text(json.dumps(sizes), encoding="utf-8")

    def open(self, directory: Path) -> Opened:
        for name, size in json.loads((directory / "manifest.json").read_text("utf-8")).items():
            if (directory / name).stat().st_size != size:
                raise ValueError(f"{name} does not have the size in the manifest")
        return _OpenedFlat(directory)


class _OpenedFlat:
    def __init__(self, directory: Path) -> None:
        self._ids = [np.memmap(directory / f"{side}.ids", np.uint16, "r") for side in SIDES]
        self._offsets = [self._map_offsets(directory, side) for side in SIDES]

    def _map_offsets(self, directory: Path, side: str) -> NDArray[np.int64]:
        return np.memmap(directory / f"{side}.offsets", np.int64, "r")

    def __len__(self) -> int:
        return len(self._offsets[0]) - 1

    def read(self, indices: Sequence[int]) -> list[tuple[Ids, Ids]]:
        where = np.asarray(indices)
        columns = []
        for ids, offsets in zip(self._ids, self._offsets, strict=True):
            plain = ids.view(np.ndarray)  # slices of np.memmap are slow to make
            starts, ends = offsets[where].tolist(), offsets[where + 1].tolist()
            columns.append([plain[i:j] for i, j in zip(starts, ends, strict=True)])
        return list(zip(*columns, strict=True))


class FlatWithoutOffsets(Flat):
    """The same, but offsets are summed up from the lengths when it is opened."""

    def open(self, directory: Path) -> Opened:
        super().open(directory)
        return _OpenedWithoutOffsets(directory)


class _OpenedWithoutOffsets(_OpenedFlat):
    def _map_offsets(self, directory: Path, side: str) -> NDArray[np.int64]:
        lengths = np.memmap(directory / f"{side}.lengths", np.uint16, "r")
        return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])


class Arrow:
    """An Arrow file (Feather) with lists of uint16, mapped; examples are taken by Arrow."""

    def write(self, chunks: Iterable[Chunk], directory: Path) -> None:
        import pyarrow as pa

        schema = pa.schema([(side, pa.large_list(pa.uint16())) for side in SIDES])
        with (
            pa.OSFile(str(directory / "tokens.arrow"), "wb") as file,
            pa.ipc.new_file(file, schema) as writer,
        ):
            for chunk in chunks:
                writer.write_batch(pa.record_batch(_arrow_lists(chunk), schema=schema))

    def open(self, directory: Path) -> Opened:
        import pyarrow as pa

        file = pa.memory_map(str(directory / "tokens.arrow"))
        return self._serve(pa.ipc.open_file(file).read_all())

    def _serve(self, table: Any) -> Opened:
        return _OpenedArrow(table)


def _arrow_lists(chunk: Chunk) -> list[Any]:
    import pyarrow as pa

    return [
        pa.LargeListArray.from_arrays(
            np.concatenate([[0], np.cumsum(side.lengths, dtype=np.int64)]), pa.array(side.ids)
        )
        for side in chunk
    ]


class _OpenedArrow:
    def __init__(self, table: Any) -> None:
        self._table = table

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def read(self, indices: Sequence[int]) -> list[tuple[Ids, Ids]]:
        taken = self._table.take(indices)
        columns = []
        for side in SIDES:
            lists = taken[side].combine_chunks()
            offsets = lists.offsets.to_numpy()
            ids = lists.values.to_numpy()
            columns.append([ids[i:j] for i, j in pairwise(offsets)])
        return list(zip(*columns, strict=True))


class ArrowViews(Arrow):
    """The same file; examples are NumPy's views of its buffers, found by our own arithmetic."""

    def _serve(self, table: Any) -> Opened:
        return _OpenedArrowViews(table)


class _OpenedArrowViews:
    def __init__(self, table: Any) -> None:
        self._num_rows = table.num_rows
        self._parts = [
            [(part.offsets.to_numpy(), part.values.to_numpy()) for part in table[side].chunks]
            for side in SIDES
        ]

    def __len__(self) -> int:
        return int(self._num_rows)

    def read(self, indices: Sequence[int]) -> list[tuple[Ids, Ids]]:
        columns: list[list[Ids]] = []
        for parts in self._parts:
            column = []
            for index in indices:
                part, row = divmod(index, CHUNK)
                offsets, ids = parts[part]
                column.append(ids[offsets[row] : offsets[row + 1]])
            columns.append(column)
        return list(zip(*columns, strict=True))


class Datasets:
    """`Dataset.from_generator`, `save_to_disk` and `load_from_disk`, read in NumPy's format."""

    def write(self, chunks: Iterable[Chunk], directory: Path) -> None:
        import datasets

        datasets.disable_progress_bars()
        ids = datasets.List(datasets.Value("uint16"))
        # The name of the cache comes from the generator, which has to be pickled for it otherwise.
        made = datasets.Dataset.from_generator(
            _Rows(chunks),
            features=datasets.Features(dict.fromkeys(SIDES, ids)),
            cache_dir=str(directory / "cache"),
            fingerprint="token-stores",
        )
        made.save_to_disk(str(directory / "saved"))

    def open(self, directory: Path) -> Opened:
        import datasets

        return _OpenedDatasets(datasets.load_from_disk(str(directory / "saved")))


class _Rows:
    def __init__(self, chunks: Iterable[Chunk]) -> None:
        self._chunks = chunks

    def __call__(self) -> Iterable[dict[str, Ids]]:
        for source, target in self._chunks:
            sides = [np.split(side.ids, np.cumsum(side.lengths)[:-1]) for side in (source, target)]
            for row in zip(*sides, strict=True):
                yield dict(zip(SIDES, row, strict=True))


class DatasetsByTables(Datasets):
    """The same data set, but written as Arrow tables by the library's own writer."""

    def write(self, chunks: Iterable[Chunk], directory: Path) -> None:
        import datasets
        import pyarrow as pa
        from datasets.arrow_writer import ArrowWriter

        datasets.disable_progress_bars()
        ids = datasets.List(datasets.Value("uint16"))
        features = datasets.Features(dict.fromkeys(SIDES, ids))
        path = directory / "written.arrow"
        with ArrowWriter(path=str(path), features=features) as writer:
            for chunk in chunks:
                lists = [part.cast(pa.list_(pa.uint16())) for part in _arrow_lists(chunk)]
                writer.write_table(pa.table(lists, names=list(SIDES)))
            writer.finalize()
        datasets.Dataset.from_file(str(path)).save_to_disk(str(directory / "saved"))
        path.unlink()


class _OpenedDatasets:
    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset.with_format("numpy", dtype=np.uint16)

    def __len__(self) -> int:
        return len(self._dataset)

    def read(self, indices: Sequence[int]) -> list[tuple[Ids, Ids]]:
        taken = self._dataset[list(indices)]
        return list(zip(*(taken[side] for side in SIDES), strict=True))


class ArrayRecord:
    """One record an example (array_record): the length of the source, then both texts' ids."""

    def write(self, chunks: Iterable[Chunk], directory: Path) -> None:
        from array_record.python.array_record_module import ArrayRecordWriter

        writer = ArrayRecordWriter(str(directory / "tokens.array_record"), "group_size:1")
        for source, target in chunks:
            sides = [np.split(side.ids, np.cumsum(side.lengths)[:-1]) for side in (source, target)]
            for length, first, second in zip(source.lengths.tolist(), *sides, strict=True):
                writer.write(length.to_bytes(4, "little") + first.tobytes() + second.tobytes())
        writer.close()

    def open(self, directory: Path) -> Opened:
        return _OpenedRecords(directory / "tokens.array_record")


class _OpenedRecords:
    def __init__(self, path: Path) -> None:
        from array_record.python.array_record_module import ArrayRecordReader

        options = "readahead_buffer_size:0,max_parallelism:0"
        self._reader = ArrayRecordReader(str(path), options)
        if not self._reader.ok():
            raise ValueError("the reader is not ok()")

    def __len__(self) -> int:
        return int(self._reader.num_records())

    def read(self, indices: Sequence[int]) -> list[tuple[Ids, Ids]]:
        return [_parse_record(record) for record in self._reader.read(list(indices))]


def _parse_record(record: bytes) -> tuple[Ids, Ids]:
    end = 4 + 2 * int.from_bytes(record[:4], "little")
    return np.frombuffer(record[4:end], np.uint16), np.frombuffer(record[end:], np.uint16)


class Grain(ArrayRecord):
    """The same file, read through grain's source of data."""

    def open(self, directory: Path) -> Opened:
        return _OpenedGrain(directory / "tokens.array_record")


class _OpenedGrain:
    def __init__(self, path: Path) -> None:
        from grain.sources import ArrayRecordDataSource

        self._source = ArrayRecordDataSource([os.fspath(path)])

    def __len__(self) -> int:
        return len(self._source)

    def read(self, indices: Sequence[int]) -> list[tuple[Ids, Ids]]:
        return [_parse_record(record) for record in self._source.__getitems__(list(indices))]


ARMS: dict[str, Any] = {
    "flat": Flat,
    "flat-lengths": FlatWithoutOffsets,
    "arrow": Arrow,
    "arrow-views": ArrowViews,
    "datasets": Datasets,
    "datasets-tables": DatasetsByTables,
    "array-record": ArrayRecord,
    "grain": Grain,
}

"""Rows of a split of a hub data set; only the files that hold them are loaded.

Parquet, CSV, TSV and JSON files are read like local ones, so that their text stays exactly as it
is. Files of other formats, and those for which the front matter sets options of a reader, are
read by `datasets`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from t5tune.data.readers.hub_beginnings import TEXT_FORMATS, load_first_lines
from t5tune.data.readers.hub_parquet import count_rows, load_first_rows
from t5tune.data.readers.hub_splits import SplitFiles, find_splits
from t5tune.data.readers.tables import open_table
from t5tune.errors import T5TuneError, find_nearest, list_names
from t5tune.files.file_format import FileOptions
from t5tune.files.formats import FORMATS, format_of_ending
from t5tune.files.table import BadRow, Row, Table
from t5tune.hub import HubRepository, Snapshot
from t5tune.recipe.places import HubSplit

_ENDLESS = 10**15  # rows
_FIRST_ROWS = re.compile(r"([^\[+]+)\[:(\d+)\]")
# Options that the front matter may set for a CSV file that is still read here.
_HEADERS = {"names", "column_names"}
_SEPARATORS = {"sep", "delimiter"}


@dataclass(frozen=True)
class _Piece:
    """Rows of one file, from `start` up to `stop`."""

    path: str
    start: int = 0
    stop: int = _ENDLESS


def open_hub_table(place: HubSplit, max_examples: int | None, where: str) -> Table:
    """Return the rows of a split on the hub.

    Args:
        place: Split of a data set.
        max_examples: Greatest number of rows that are needed.
        where: Key of the entry in the recipe, for messages.

    Raises:
        T5TuneError: The data set, its configuration or its split does not exist, the hub cannot be
            reached, or a file cannot be read; some files are read only when their rows are.
    """
    snapshot, found, split = check_hub_split(place, where)
    limit = max_examples or _ENDLESS
    if first := _FIRST_ROWS.fullmatch(split):
        split, limit = first[1], min(limit, int(first[2]))
    files = _Files(snapshot, found, where)
    pieces = files.load(files.cut(split), limit)
    return Table(
        str(place),
        files.columns(pieces),
        lambda: enumerate(files.rows(pieces), start=1),
        num_rows=files.num(pieces),
    )


def stream_hub_table(place: HubSplit, where: str) -> Table:
    """Return the rows of a split on the hub, whose files are removed when they have been read.

    There is one file at a time on the disk, beside those that the cache has. To cut a slice,
    Parquet files of a few megabytes are counted in the cache.

    Args:
        place: Split of a data set.
        where: Key of the entry in the recipe, for messages.

    Raises:
        T5TuneError: As `open_hub_table`, or t5tune cannot read the format by itself.
    """
    snapshot, found, split = check_hub_split(place, where)
    files = _StreamedFiles(snapshot, found, where)
    pieces = files.cut(split)
    return Table(str(place), files.columns(pieces), lambda: enumerate(files.rows(pieces), start=1))


def check_hub_split(place: HubSplit, where: str) -> tuple[Snapshot, SplitFiles, str]:
    """Check that data set, configuration and split exist, before anything is loaded.

    Returns:
        The commit, the files of the splits, and the split that is requested, with its slices.

    Raises:
        T5TuneError: One of them does not exist, or the hub cannot be reached.
    """
    repository = HubRepository("dataset", place.hub, place.revision)
    snapshot, found = find_splits(repository, place.config, where)
    split = "+".join(found.splits) if place.split == "all" else place.split
    _check_splits(split, found, place, where)
    return snapshot, found, split


def _split_names(split: str) -> list[str]:
    return [part.partition("[")[0].strip() for part in split.split("+")]


def _check_splits(split: str, found: SplitFiles, place: HubSplit, where: str) -> None:
    """Refuse a split that does not exist, before anything is loaded."""
    from datasets.data_files import SPLIT_KEYWORDS  # val and dev mean validation, and so on

    known = list(found.splits)
    for name in _split_names(split):
        if name in known:
            continue
        usual = [str(key) for key, words in SPLIT_KEYWORDS.items() if name in words]
        nearest = next((key for key in usual if key in known), None) or find_nearest(name, known)
        hint = f"; did you mean {nearest}?" if nearest else ""
        raise T5TuneError(
            f"{where}.split: the data set {place.name} has no split "
            f"{name or place.split!r}{hint} (splits: {list_names(known)})",
            next_command=f"the same command with {where}.split={nearest or known[0]}",
        )


class _Files:
    """The files of a data set's splits."""

    def __init__(self, snapshot: Snapshot, found: SplitFiles, where: str) -> None:
        self._snapshot = snapshot
        self._found = found
        self._where = where
        self._opened: tuple[str, int, Table] | None = None

    def cut(self, split: str) -> list[_Piece]:
        """Return the pieces of a split such as `train[:10%]+test`.

        Rows are counted only if a slice has to be cut.
        """
        names = _split_names(split)
        if "[" not in split:
            return [_Piece(path) for name in names for path in self._found.splits[name]]
        from datasets import ReadInstruction

        with self._explaining_slice(split):
            instruction = ReadInstruction.from_spec(split)
        counts = {name: self._count(name) for name in dict.fromkeys(names)}
        lengths = {name: sum(num for _, num in counts[name]) for name in counts}
        with self._explaining_slice(split):
            slices = instruction.to_absolute(lengths)
        pieces = []
        for part in slices:
            before = 0
            for path, num in counts[part.splitname]:
                start, stop = max(part.from_ - before, 0), min(part.to - before, num)
                if start < stop:
                    pieces.append(_Piece(path, start, stop))
                before += num
        return pieces

    @contextmanager
    def _explaining_slice(self, split: str) -> Iterator[None]:
        try:
            yield
        except ValueError as error:
            name = _split_names(split)[0]
            raise T5TuneError(
                f"{self._where}.split: {split!r} is not a slice that can be read: {error}",
                next_command=f"{self._where}.split='{name}[:10%]'   # for example",
            ) from error

    def _count(self, split: str) -> list[tuple[str, int]]:
        """Return the files of a split with their numbers of rows."""
        paths = self._found.splits[split]
        if self._found.format == "parquet":
            return [(path, count_rows(self._snapshot, path)) for path in paths]
        self._prepare(paths)
        return [(path, sum(1 for _ in self._open(path).rows())) for path in paths]

    def load(self, pieces: Sequence[_Piece], limit: int) -> list[_Piece]:
        """Download the files that hold the first rows, up to a limit; return their pieces."""
        if limit == _ENDLESS:
            self._snapshot.download([p.path for p in pieces if p.stop == _ENDLESS])
            return list(pieces)
        loaded = []
        for piece in pieces:
            if limit <= 0:
                break
            stop = min(piece.stop, piece.start + limit)
            num = sum(1 for _ in islice(self._open(piece.path, stop).rows(), piece.start, stop))
            loaded.append(_Piece(piece.path, piece.start, piece.start + num))
            limit -= num
        return loaded

    def columns(self, pieces: Sequence[_Piece]) -> list[str]:
        """Return the column names of the first file that has any."""
        for piece in pieces:
            if columns := self._open(piece.path, piece.stop).columns:
                return columns
        return []

    def num(self, pieces: Sequence[_Piece]) -> int | None:
        """Number of rows, if known without reading them."""
        stops = [
            count_rows(self._snapshot, piece.path)
            if piece.stop == _ENDLESS and self._found.format == "parquet"
            else piece.stop
            for piece in pieces
        ]
        total = sum(stop - piece.start for stop, piece in zip(stops, pieces, strict=True))
        return total if total < _ENDLESS else None

    def rows(self, pieces: Sequence[_Piece]) -> Iterator[Row | BadRow]:
        """Yield the rows of the pieces in order."""
        for piece in pieces:
            rows = self._open(piece.path, piece.stop).rows()
            yield from (row for _, row in islice(rows, piece.start, piece.stop))

    def _open(self, path: str, num: int = _ENDLESS) -> Table:
        """Open a file of which the first rows are needed; the file opened last stays open."""
        if self._opened is None or self._opened[:2] != (path, num):
            self._opened = None  # closed before the next one, which may be as large
            self._opened = path, num, self._read(path, num)
        return self._opened[2]

    def _read(self, path: str, num: int) -> Table:
        kind, columns = self._own_kind(path)
        if kind is not None:
            options = FileOptions(columns)
            return open_table(self._find(path, kind, num), kind, options, self._where)
        return self._read_by_library(path)

    def _find(self, path: str, kind: str | None, num: int) -> Path:
        """Return a file on this disk with the first rows of one of the data set."""
        if kind == "parquet" and num < _ENDLESS:
            return load_first_rows(self._snapshot, path, num)
        if kind in TEXT_FORMATS and num < _ENDLESS:
            return load_first_lines(self._snapshot, path, num, is_csv=kind == "csv")
        return self._snapshot.download([path])[0]

    def _prepare(self, paths: Sequence[str]) -> None:
        """Download files that will be read one after the other."""
        self._snapshot.download(paths)

    def _own_kind(self, path: str) -> tuple[str | None, list[str] | None]:
        """Return the format in which our readers can read the file, if any, and its columns."""
        options = dict(self._found.options)
        found = format_of_ending(PurePosixPath(path).suffix)
        kind = None if found is None else found.name
        columns = None
        if self._found.format == "csv":
            separators = {options.pop(name) for name in _SEPARATORS & set(options)}
            named = [options.pop(name) for name in _HEADERS & set(options)]
            columns = named[0] if named else None
            if separators:
                kind = {"\t": "tsv", ",": "csv"}.get(separators.pop())
        has_format = kind is not None and FORMATS[kind].library_name == self._found.format
        return (kind, columns) if has_format and not options else (None, None)

    def _read_by_library(self, name: str) -> Table:
        import datasets

        path = self._find(name, None, _ENDLESS)
        datasets.utils.logging.set_verbosity_error()
        datasets.disable_progress_bars()
        found = self._found
        try:
            rows = datasets.load_dataset(
                found.format, data_files=str(path), split="train", **found.options
            )
        except datasets.exceptions.DatasetGenerationError as error:
            reason = str(error.__cause__ or error).strip().split("\n")[0][:300]
            raise T5TuneError(
                f"{self._where}: {path} is not readable as {found.format}: {reason}",
                next_command=f"head -c 300 {path}",
            ) from error
        return Table(
            str(path), rows.column_names, lambda: enumerate(rows, start=1), num_rows=len(rows)
        )


class _StreamedFiles(_Files):
    """Files of which one at a time is on the disk."""

    _borrowed: TemporaryDirectory[str] | None = None

    def _prepare(self, paths: Sequence[str]) -> None:
        """Do nothing: they are downloaded when they are read."""

    def _find(self, path: str, kind: str | None, num: int) -> Path:
        if (cached := self._snapshot.folder / path).is_file():
            return cached
        if self._borrowed is not None:
            self._borrowed.cleanup()
        folder = self._snapshot.repository.cache / ".t5tune"
        folder.mkdir(parents=True, exist_ok=True)
        self._borrowed = TemporaryDirectory(prefix="streamed-", dir=folder)
        return self._snapshot.download_to(Path(self._borrowed.name), path)

    def _read_by_library(self, name: str) -> Table:
        raise T5TuneError(
            f"{self._where}.streaming: {name} is not read row by row, because only `datasets` "
            f"reads its format ({self._found.format}).",
            next_command=f"the same command with {self._where}.streaming=false",
        )

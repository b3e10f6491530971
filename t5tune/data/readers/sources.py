"""Sources of examples: hub data sets and local files, read as exact text, in chunks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from t5tune.console import say, track
from t5tune.data.columns import ColumnReader, guess_columns
from t5tune.data.readers.file_check import find_file
from t5tune.data.readers.hub_rows import open_hub_table
from t5tune.data.readers.tables import find_format, open_table
from t5tune.errors import T5TuneError
from t5tune.files.table import Table
from t5tune.files.text_streams import open_lines
from t5tune.recipe.places import HubSplit, Place, TableFile, TextPair
from t5tune.recipe.schema import DataSection
from t5tune.run.directory import display_path

CHUNK_EXAMPLES = 2000
_CHUNK_CHARACTERS = 4_000_000  # most characters of a chunk, if an example is not longer


class Example(NamedTuple):
    """One example as it is read.

    Attributes:
        source: Text without the prefix.
        references: At least one; the first one is the target.
    """

    source: str
    references: list[str]


@dataclass(frozen=True)
class OpenSplit:
    """A split whose examples are read as often as they are needed, and never held.

    Attributes:
        where: Key of the entry in the recipe.
        place: Place of the examples.
        unit: Plural name of what is counted while they are read.
        num_rows: Number of examples, if known before they are read.
        read: Function that iterates over the examples.
        describe_readings: Function that describes, after reading, values that are not texts.
    """

    where: str
    place: Place
    unit: str
    num_rows: int | None
    read: Callable[[], Iterator[Example]]
    describe_readings: Callable[[], list[str]] = list

    def chunks(self, doing: str = "reading") -> Iterator[list[Example]]:
        """Yield all examples, some at a time, and show the progress.

        Raises:
            T5TuneError: They cannot be read, or there are none.
        """
        chunk: list[Example] = []
        num_characters = 0
        is_empty = True
        with track(f"{doing} {self.where}", self.num_rows, self.unit) as advance:
            for example in self.read():
                chunk.append(example)
                num_characters += len(example.source) + len(example.references[0])
                if len(chunk) == CHUNK_EXAMPLES or num_characters > _CHUNK_CHARACTERS:
                    yield chunk
                    advance(len(chunk))
                    chunk, num_characters, is_empty = [], 0, False
            if chunk:
                yield chunk
            elif is_empty:
                raise T5TuneError(
                    f"{self.where}: {describe_place(self.place)} holds no example.",
                    next_command="put data there, or point the recipe at another file or split",
                )


def open_split(
    data: DataSection,
    split: str,
    source_lang: str | None = None,
    target_lang: str | None = None,
) -> OpenSplit:
    """Open one split.

    Args:
        data: Data section of the recipe.
        split: Name of the split.
        source_lang: Key of the source in `translation` columns.
        target_lang: Key of the target in `translation` columns.

    Raises:
        T5TuneError: There is no such split, the file or the hub cannot be read, a column is
            missing, or source and target have different lengths.
    """
    entry = data.entries.get(split)
    if entry is None:
        *others, last = data.entries
        raise T5TuneError(
            f"the recipe has no split {split}; it has {', '.join(others)} and {last}.",
            next_command=f"t5tune eval --split {last}",
        )
    where, place, limit = f"data.{split}", entry.place, entry.max_examples
    with track(f"opening {where}"):
        if isinstance(place, TextPair):
            return _open_text_pair(place, limit, where)
        table = _OPENING[type(place)](place, limit, where)
        names = guess_columns(
            entry.source or data.source,
            entry.target or data.target,
            table.columns,
            (source_lang, target_lang),
            table.place,
            where,
        )
        return _open_columns(table, names, entry.references or [], place, limit, where)


def load_split(
    data: DataSection,
    split: str,
    source_lang: str | None = None,
    target_lang: str | None = None,
) -> list[Example]:
    """Read a split that fits into memory. See `open_split` and `OpenSplit.chunks`."""
    opened = open_split(data, split, source_lang, target_lang)
    examples = [example for chunk in opened.chunks() for example in chunk]
    for sentence in opened.describe_readings():
        say(f"{opened.where}: {sentence}")
    return examples


def _count(num_rows: int | None, limit: int | None) -> int | None:
    return num_rows if limit is None or num_rows is None else min(num_rows, limit)


def _open_columns(
    table: Table,
    names: tuple[str, str],
    references: list[str],
    place: Place,
    limit: int | None,
    where: str,
) -> OpenSplit:
    readers: list[ColumnReader] = []  # the one of the last reading has counted

    def read() -> Iterator[Example]:
        reader = ColumnReader(*names, references, table)
        readers[:] = [reader]
        return (Example(*reader.read(row, n)) for n, row in islice(table.rows(), limit))

    def describe() -> list[str]:
        return [sentence for reader in readers for sentence in reader.describe_readings()]

    num = _count(table.num_rows, limit)
    return OpenSplit(where, place, f"{table.unit}s", num, read, describe)


def describe_place(place: Place) -> str:
    """Return a place in words, for messages."""
    return display_path(place.files[0]) if place.files else str(place)


def _open_text_pair(pair: TextPair, limit: int | None, where: str) -> OpenSplit:
    """Open parallel files; references may come from further files."""
    sources = open_lines(find_file(pair.source_file, where, "source_file"))
    others = [
        (path, open_lines(find_file(path, where, key)))
        for path, key in zip(
            [pair.target_file, *pair.references],
            ["target_file", *["references"] * len(pair.references)],
            strict=True,
        )
    ]
    for path, lines in others:
        if lines.num_lines != sources.num_lines:
            first, second = display_path(pair.source_file), display_path(path)
            raise T5TuneError(
                f"{where}: {first} has {sources.num_lines} lines and {second} has "
                f"{lines.num_lines}; line n of one must be the translation of line n of the other.",
                next_command=f"wc -l {first} {second}",
            )

    def read() -> Iterator[Example]:
        rows = zip(sources, *(lines for _, lines in others), strict=True)
        return (Example(source, list(texts)) for source, *texts in islice(rows, limit))

    return OpenSplit(where, pair, "lines", _count(sources.num_lines, limit), read)


def _open_hub_split(place: HubSplit, limit: int | None, where: str) -> Table:
    say(f"data: loading {place} from the hub or its cache")
    return open_hub_table(place, limit, where)


def _open_table_file(place: TableFile, _limit: int | None, where: str) -> Table:
    path = find_file(place.file, where, "file")
    kind = place.format or find_format(path, where)
    path = Path(display_path(path))
    return open_table(path, kind, place.columns, where)


# Functions that open the rows of a place, up to a number of them, for a key of the recipe. A pair
# of text files has no columns from which a recipe could choose.
_OPENING: dict[type[Place], Callable[[Any, int | None, str], Table]] = {
    HubSplit: _open_hub_split,
    TableFile: _open_table_file,
}

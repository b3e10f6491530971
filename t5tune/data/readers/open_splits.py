"""A split that is open: its examples are read in chunks, as often as they are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple

from t5tune.console import track
from t5tune.errors import T5TuneError
from t5tune.files.wrong_setting import WrongSetting
from t5tune.recipe.places import Place, SeveralPlaces, as_names, join_names
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
class Request:
    """What a split is opened with, beside its place.

    Attributes:
        where: Key of the entry in the recipe, for messages.
        limit: Greatest number of examples that are needed; None for all.
        languages: Source and target language codes of the recipe.
        columns: Specifications of source and target in the recipe.
        references: Specifications of further references.
        skips_bad_rows: Whether rows that cannot be read are left out and counted.
        streaming: Whether files of the hub are removed when they have been read.
        is_text: Whether rows have one column of text, which is source and target of an example.
    """

    where: str
    limit: int | None
    languages: tuple[str | None, str | None]
    columns: tuple[str | None, str | None]
    references: list[str]
    skips_bad_rows: bool = False
    streaming: bool = False
    is_text: bool = False

    def count(self, num_rows: int | None) -> int | None:
        """Return how many of a number of rows are read, if it is known."""
        return num_rows if self.limit is None or num_rows is None else min(num_rows, self.limit)


@dataclass(frozen=True)
class OpenSplit:
    """A split whose examples are read as often as they are needed, and never held.

    Attributes:
        where: Key of the entry in the recipe.
        place: Place of the examples.
        unit: Plural name of what is counted while they are read.
        num_rows: Number of examples, if known before they are read.
        read: Function that iterates over the examples.
        describe_readings: Function that describes, after reading, values that are not texts and
            what was left out.
        locate_last: Function that returns, while examples are read, the file and the line of the
            last one; an empty text where they come from no file.
        count_bad_rows: Function that returns, after reading, how many rows were left out because
            they cannot be read.
    """

    where: str
    place: Place
    unit: str
    num_rows: int | None
    read: Callable[[], Iterator[Example]]
    describe_readings: Callable[[], list[str]] = list
    locate_last: Callable[[], str] = str
    count_bad_rows: Callable[[], int] = int

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
                raise self.refuse_empty()

    def refuse_empty(self) -> T5TuneError:
        """Return the error for a place without examples."""
        return T5TuneError(
            f"{self.where}: {describe_place(self.place)} holds no example.",
            next_command="put data there, or point the recipe at another file or split",
        )


def join_splits(where: str, splits: Sequence[OpenSplit]) -> OpenSplit:
    """Return the examples of several splits, one after another."""
    nums = [split.num_rows for split in splits]
    units = {split.unit for split in splits}
    last = splits[0]

    def read() -> Iterator[Example]:
        nonlocal last
        for last in splits:
            yield from last.read()

    return OpenSplit(
        where,
        SeveralPlaces([split.place for split in splits]),
        units.pop() if len(units) == 1 else "examples",
        None if None in nums else sum(filter(None, nums)),
        read,
        lambda: [sentence for split in splits for sentence in split.describe_readings()],
        lambda: last.locate_last(),
        lambda: sum(split.count_bad_rows() for split in splits),
    )


def reverse_split(split: OpenSplit) -> OpenSplit:
    """Return the examples with the first reference as the source, and the source as its target."""

    def read() -> Iterator[Example]:
        return (Example(references[0], [source]) for source, references in split.read())

    return replace(split, read=read)


def hold_examples(split: OpenSplit) -> OpenSplit:
    """Return a split that is read once: its examples stay in memory for later readings.

    While it is read again, `locate_last` describes the end of the first reading.
    """
    held: list[Example] | None = None

    def read() -> Iterator[Example]:
        nonlocal held
        if held is not None:
            yield from held
            return
        examples = []
        for example in split.read():
            examples.append(example)
            yield example
        held = examples

    return replace(split, read=read)


@contextmanager
def naming_key(where: str, place: Place) -> Iterator[None]:
    """Tell which key of an entry has to change, if its place has that key.

    Args:
        where: Key of the entry in the recipe.
        place: Place of the examples.
    """
    try:
        yield
    except WrongSetting as error:
        keys = (*place.own_keys(), "source", "target")
        raise error.for_entry(where) if error.key in keys else error from error


def describe_place(place: Place) -> str:
    """Return a place in words, for messages."""
    if isinstance(place, SeveralPlaces):
        return "; ".join(map(describe_place, place.places))
    if not place.file_keys:
        return str(place)
    names = as_names(getattr(place, place.file_keys[0]))
    return join_names([display_path(name) for name in names])

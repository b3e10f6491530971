"""The kinds of place that examples come from, each with the keys that locate them.

A data entry has the keys of every kind, most of them empty; its `place` is the kind that it uses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import MISSING, dataclass, fields
from fractions import Fraction
from typing import ClassVar

_MOST_NAMES = 4
FileNames = str | list[str]  # paths, or patterns such as train-*.tsv


def map_names(function: Callable[[str], str], value: FileNames) -> FileNames:
    """Return the names that a key gives, changed by a function."""
    return function(value) if isinstance(value, str) else [function(name) for name in value]


def as_names(value: FileNames) -> list[str]:
    """Return the names that a key gives, whether it gives one or a list."""
    return [value] if isinstance(value, str) else list(value)


def join_names(names: Sequence[str]) -> str:
    """Return the names of files as a phrase, not all of hundreds."""
    if len(names) <= _MOST_NAMES:
        return " and ".join(names)
    return f"{', '.join(names[:_MOST_NAMES])} and {len(names) - _MOST_NAMES:,} more"


@dataclass(frozen=True)
class Place:
    """Base class of the kinds; the fields of a kind are the keys that belong to it.

    Attributes:
        chosen_by: Keys any of which selects this kind.
        file_keys: Keys whose values are paths of local files.
    """

    chosen_by: ClassVar[tuple[str, ...]]
    file_keys: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def own_keys(cls) -> list[str]:
        """Return the keys that belong to this kind."""
        return [field.name for field in fields(cls)]

    @classmethod
    def needed_keys(cls) -> list[str]:
        """Return the keys that this kind requires."""
        return [field.name for field in fields(cls) if field.default is MISSING]

    @property
    def files(self) -> list[str]:
        """Local files that hold sources and targets, as the recipe names them."""
        return [name for key in self.file_keys for name in as_names(getattr(self, key))]

    def named_files(self) -> Iterator[tuple[str, Sequence[str]]]:
        """Yield the keys that name local files, with the paths and patterns that they give."""
        for key in self.file_keys:
            yield key, as_names(getattr(self, key))


@dataclass(frozen=True)
class HubSplit(Place):
    """A split of a data set on the hub.

    Attributes:
        hub: Id of the data set, or a local folder that is laid out like one.
        split: Name of the split, or a slice such as `train[:1%]`.
    """

    chosen_by: ClassVar[tuple[str, ...]] = ("hub",)

    hub: str
    split: str
    config: str | None = None
    revision: str | None = None

    def __str__(self) -> str:
        return f"{self.name}, split {self.split}"

    @property
    def name(self) -> str:
        """Name of the data set and its configuration, for messages."""
        return f"{self.hub} ({self.config})" if self.config else self.hub


@dataclass(frozen=True)
class TableFile(Place):
    """Files with columns.

    Attributes:
        format: Format of the files, where their endings do not tell.
        columns: Names of the columns, where the files have no header line.
        delimiter: Text between two cells, where it is not that of the format.
        skip_rows: Number of rows above the names of the columns.
        encoding: Encoding of the files, where it is not UTF-8.
        split: Split of a directory that has several.
    """

    chosen_by: ClassVar[tuple[str, ...]] = ("file",)
    file_keys: ClassVar[tuple[str, ...]] = ("file",)

    file: FileNames
    format: str | None = None
    columns: list[str] | None = None
    delimiter: str | None = None
    skip_rows: int | None = None
    encoding: str | None = None
    split: str | None = None


@dataclass(frozen=True)
class TextPair(Place):
    """Parallel text files, one text on each line, and files with further references."""

    chosen_by: ClassVar[tuple[str, ...]] = ("source_file", "target_file")
    file_keys: ClassVar[tuple[str, ...]] = ("source_file", "target_file")

    source_file: FileNames
    target_file: FileNames
    references: Sequence[str] = ()
    encoding: str | None = None

    def named_files(self) -> Iterator[tuple[str, Sequence[str]]]:
        """Yield the two keys, and each file or pattern with further references."""
        yield from super().named_files()
        for name in self.references:
            yield "references", [name]


@dataclass(frozen=True)
class CutSplit(Place):
    """A part of the training data, which training leaves out.

    Attributes:
        size: Number of examples, or a share of the training data such as `5%`.
        seed: Seed of the choice. It is not that of training, so that runs with other seeds have
            the same splits and their scores can be compared.
    """

    chosen_by: ClassVar[tuple[str, ...]] = ("from",)

    size: int | str
    seed: int = 0

    def __str__(self) -> str:
        size = self.size if isinstance(self.size, str) else f"{self.size:,} examples"
        return f"{size} of data.train"

    def count(self, num_examples: int) -> int:
        """Return the number of examples to take of so many, at least one."""
        if isinstance(self.size, int):
            return self.size
        return max(1, round(Fraction(self.size.rstrip("% ")) * num_examples / 100))


@dataclass(frozen=True)
class SacrebleuSet(Place):
    """A test set that sacreBLEU knows, in the languages of the recipe."""

    chosen_by: ClassVar[tuple[str, ...]] = ("sacrebleu",)

    sacrebleu: str

    def __str__(self) -> str:
        return f"{self.sacrebleu} of sacreBLEU"


@dataclass(frozen=True)
class SeveralPlaces(Place):
    """The places of a mixture; no single entry has it."""

    places: Sequence[Place] = ()


PLACES: tuple[type[Place], ...] = (HubSplit, TableFile, SacrebleuSet, CutSplit, TextPair)
FILE_KEYS = tuple(key for kind in PLACES for key in kind.file_keys)
SHARED_KEYS = ("references",)  # names of files here, of columns in the base class

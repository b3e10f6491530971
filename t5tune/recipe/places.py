"""The kinds of place that examples come from, each with the keys that locate them.

A data entry has the keys of every kind, most of them empty; its `place` is the kind that it uses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import ClassVar


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
        """Local files that hold sources and targets."""
        return [getattr(self, key) for key in self.file_keys]

    def named_files(self) -> Iterator[tuple[str, str]]:
        """Yield every local file that has to exist, with its key."""
        yield from zip(self.file_keys, self.files, strict=True)


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
    """A file with columns.

    Attributes:
        format: Format of the file, where its ending does not tell.
        columns: Names of the columns, where the file has no header line.
    """

    chosen_by: ClassVar[tuple[str, ...]] = ("file",)
    file_keys: ClassVar[tuple[str, ...]] = ("file",)

    file: str
    format: str | None = None
    columns: list[str] | None = None


@dataclass(frozen=True)
class TextPair(Place):
    """Parallel text files, one text on each line, and files with further references."""

    chosen_by: ClassVar[tuple[str, ...]] = ("source_file", "target_file")
    file_keys: ClassVar[tuple[str, ...]] = ("source_file", "target_file")

    source_file: str
    target_file: str
    references: Sequence[str] = ()

    def named_files(self) -> Iterator[tuple[str, str]]:
        """Yield the two files and those with further references."""
        yield from super().named_files()
        for path in self.references:
            yield "references", path


PLACES: tuple[type[Place], ...] = (HubSplit, TableFile, TextPair)
FILE_KEYS = tuple(key for kind in PLACES for key in kind.file_keys)
SHARED_KEYS = ("references",)  # names of files here, of columns in the base class

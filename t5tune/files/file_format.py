"""Properties of a format of data files; each reader ends with its entry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from t5tune.files.table import Table

MOST_CHARACTERS = 1_000_000  # most characters of a line that are read for its columns


@dataclass(frozen=True)
class FileOptions:
    """What a recipe says about the inside of a file.

    Attributes:
        columns: Names of the columns, if the file lacks them.
        delimiter: Text between two cells; that of the format if left out.
        encoding: Encoding of the text; UTF-8 if left out.
        skip_rows: Number of rows that are not blank above the names of the columns.
        split: Split to read of a file, or a directory, that has several.
        languages: Languages of source and target, of which texts in several languages are chosen.
    """

    columns: list[str] | None = None
    delimiter: str | None = None
    encoding: str | None = None
    split: str | None = None
    skip_rows: int | None = None
    languages: tuple[str | None, str | None] = (None, None)


@dataclass(frozen=True)
class FileFormat:
    """A kind of file that holds rows with named columns.

    Attributes:
        name: Value of `format` in a recipe.
        endings: Endings of the names of such files, in lower case.
        open: Function that opens a file.
        read_columns: Function that finds the names of the columns at the start of a file, in
            milliseconds: None if it fails, an empty list for an empty file.
        options: Names of those `FileOptions` that the format has, beside `columns`.
        magic: First bytes of every file of a binary format.
        find_languages: Function that lists the tags of the languages of a file that has texts in
            several, those of sources first.
        library_format: Name by which the library `datasets` reads it; the same if left out.
    """

    name: str
    endings: tuple[str, ...]
    open: Callable[[Path, FileOptions], Table]
    read_columns: Callable[[Path, FileOptions], list[str] | None]
    options: tuple[str, ...] = ()
    magic: bytes = b""
    library_format: str | None = None
    find_languages: Callable[[Path], Sequence[str]] | None = None

    @property
    def library_name(self) -> str:
        """Name by which `datasets` reads it."""
        return self.library_format or self.name

"""Properties of a format of data files; each reader ends with its entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from t5tune.files.table import Table

MOST_CHARACTERS = 1_000_000  # most characters of a line that are read for its columns


@dataclass(frozen=True)
class FileFormat:
    """A kind of file that holds rows with named columns.

    Attributes:
        name: Value of `format` in a recipe.
        endings: Endings of the names of such files, in lower case.
        open: Function that opens a file; it gets the names of the columns if the file lacks them.
        read_columns: Function that finds the names of the columns at the start of a file, in
            milliseconds: None if it fails, an empty list for an empty file.
        magic: First bytes of every file of a binary format.
        library_format: Name by which the library `datasets` reads it; the same if left out.
    """

    name: str
    endings: tuple[str, ...]
    open: Callable[[Path, list[str] | None], Table]
    read_columns: Callable[[Path], list[str] | None]
    magic: bytes = b""
    library_format: str | None = None

    @property
    def library_name(self) -> str:
        """Name by which `datasets` reads it."""
        return self.library_format or self.name

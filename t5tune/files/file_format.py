"""What t5tune has to know of a format of data files. Each entry stands at the end of its reader."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from t5tune.files.table import Table

MOST_CHARACTERS = 1_000_000  # of a line that is read for its columns


@dataclass(frozen=True)
class FileFormat:
    """A kind of file that holds rows with named columns.

    Attributes:
        name: Value of `format` in a recipe.
        endings: Of the names of such files, in lower case.
        open: Opens a file; is told the names of the columns, for formats that can lack them.
        read_columns: Names of the columns by the beginning of a file, in milliseconds: None where
            it does not tell, an empty list for a file without any content.
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
        """The name by which `datasets` reads it."""
        return self.library_format or self.name

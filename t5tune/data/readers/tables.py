"""Tables in local files of any format, read as exact text.

They are read here and not by `datasets`, whose readers turn `NA` and `null` into missing values
and `007` into 7, and split text rows at a lone carriage return.
"""

from __future__ import annotations

from pathlib import Path

from t5tune.errors import MissingPackage, T5TuneError
from t5tune.files.compression import strip_compression
from t5tune.files.file_format import FileOptions
from t5tune.files.formats import FORMATS, format_of_ending, list_formats
from t5tune.files.recognition import command_for, find_pointer
from t5tune.files.table import Table
from t5tune.files.text_files import read_start, refuse_binary
from t5tune.files.wrong_setting import WrongSetting
from t5tune.recipe.places import TableFile
from t5tune.run.directory import display_path

_USUAL_OPTIONS = FileOptions()


def find_format(path: Path, where: str) -> str:
    """Return the format that belongs to the ending of a file.

    Args:
        path: Path of an existing file.
        where: Key of the entry in the recipe, for messages.

    Raises:
        T5TuneError: The ending is unknown; the message tells what the file is, if it is recognized.
    """
    if path.is_dir():
        return "arrow"
    found = format_of_ending(strip_compression(path).suffix)
    if found is None:
        place = display_path(path)
        raise refuse_binary(place, read_start(path)) or T5TuneError(
            f"{where}.file: the ending of {place} does not tell its format.",
            next_command=f"add `format:` to {where}: {list_formats()}",
        )
    return found.name


def file_options(
    place: TableFile,
    columns: tuple[str | None, str | None],
    languages: tuple[str | None, str | None],
) -> FileOptions:
    """Return what a recipe says about the inside of its files.

    Args:
        place: Files of an entry.
        columns: Columns of source and target in the recipe, if any.
        languages: Language codes of source and target.
    """
    source, target = (
        column or language for column, language in zip(columns, languages, strict=True)
    )
    return FileOptions(
        place.columns,
        place.delimiter,
        place.encoding,
        place.split,
        place.skip_rows,
        (source, target),
    )


def open_table(path: Path, kind: str, options: FileOptions, where: str) -> Table:
    """Open a file.

    Args:
        path: Path of the file, as messages show it.
        kind: Name of a format, one of `FORMATS`.
        options: What the recipe says about the inside of the file.
        where: Key of the entry in the recipe, for messages.

    Raises:
        T5TuneError: The file does not have this format; for some, raised when a row is read.
    """
    start = b"" if path.is_dir() else read_start(path)
    if content := find_pointer(start):
        raise T5TuneError(
            f"{path} is {content.name}.", next_command=command_for(content, str(path))
        )
    own = FORMATS[kind]
    for key in ("delimiter", "encoding", "split", "skip_rows"):
        if getattr(options, key) is not None and key not in own.options:
            raise T5TuneError(
                f"{where}.{key}: {path} is read as {kind}, which has no {key}.",
                next_command=f"remove `{key}` from {where}",
            )
    if not start.startswith(own.magic):
        raise refuse_binary(str(path), start) or T5TuneError(
            f"{path} is not a {kind.capitalize()} file.",
            next_command=f"add `format:` to {where}: {list_formats(without=kind)}",
        )
    for other in FORMATS.values():
        is_other = other is not own and other.magic and start.startswith(other.magic)
        if is_other and (refusal := refuse_binary(str(path), start)):
            raise T5TuneError(
                refusal.message, next_command=f"add `format: {other.name}` to {where}"
            )
    return own.open(path, options)


def read_columns(path: Path, kind: str, options: FileOptions = _USUAL_OPTIONS) -> list[str] | None:
    """Return the names of the columns from the beginning of a file.

    Args:
        path: Path of the file.
        kind: Name of a format, one of `FORMATS`.
        options: What the recipe says about the inside of the file.

    Returns:
        None if the beginning does not tell or the file is damaged; an empty list for a file
        without content.
    """
    if path.is_file() and path.stat().st_size == 0:
        return []
    try:
        return FORMATS[kind].read_columns(path, options)
    except (WrongSetting, MissingPackage):
        raise
    except (T5TuneError, RecursionError, OSError):
        return None  # reading all of it reports the damage and its place

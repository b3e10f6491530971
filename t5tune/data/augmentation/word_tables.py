"""Files of names, and tables of words with their counterparts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from t5tune.data.noise.swaps import Swap
from t5tune.errors import T5TuneError
from t5tune.files.text_files import read_lines
from t5tune.run.directory import display_path

_FEWEST_NAMES = 2


def read_names(file: str) -> list[str]:
    """Read a file with a name in each line; lines that begin with # are comments.

    Raises:
        T5TuneError: The file cannot be read, or has fewer than two names.
    """
    names = dict.fromkeys(line for _, line in _read(file))
    spaced = next((name for name in names if len(name.split()) > 1), None)
    if spaced is not None:
        raise T5TuneError(
            f"data.augment.names: {display_path(file)} has the name {spaced!r}, and names are "
            "single words.",
            next_command=f"write first names and last names in lines of their own in {file}",
        )
    if len(names) < _FEWEST_NAMES:
        raise T5TuneError(
            f"data.augment.names: {display_path(file)} has fewer than two names.",
            next_command=f"write a name in each line of {file}",
        )
    return list(names)


def read_swaps(file: str) -> list[Swap]:
    """Read a table of counterparts: lines of two or four columns, between tabs.

    Two columns are words that are the same on both sides, such as names. Of four columns, the
    first two are of the source and the others of the target, and either two may be empty.

    Raises:
        T5TuneError: The file cannot be read, has no line, or a line is something else.
    """
    swaps = [_read_swap(file, number, line) for number, line in _read(file)]
    if not swaps:
        raise T5TuneError(
            f"data.augment.counterfactual: {display_path(file)} has no words.",
            next_command=f"write a line such as he, she, er and sie, with tabs, into {file}",
        )
    return swaps


def _read_swap(file: str, number: int, line: str) -> Swap:
    columns = [column.strip() for column in line.split("\t")]
    if len(columns) == 2:
        columns *= 2
    sides = [(a, b) if a and b else None for a, b in zip(columns[::2], columns[1::2], strict=False)]
    is_half = any(bool(a) != bool(b) for a, b in zip(columns[::2], columns[1::2], strict=False))
    if len(columns) != 4 or is_half or not any(sides):
        raise T5TuneError(
            f"{display_path(file)}:{number}: the line is neither two words nor two of the source "
            "and two of the target, with tabs between them.",
            next_command="correct the line, as in he<tab>she<tab>er<tab>sie",
        )
    return Swap(*sides)


def _read(file: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(read_lines(Path(file).expanduser()), start=1):
        if line.strip() and not line.startswith("#"):
            yield number, line.strip("\r\n ")

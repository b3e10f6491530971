"""Texts that a caller gives, one per example, in files or directly."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from t5tune.errors import T5TuneError
from t5tune.files.text_files import STDIN_NAME, read_lines, read_stdin_lines

Texts = str | Path | Sequence[str]
References = Texts | Sequence[Path] | Sequence[Sequence[str]]

STDIN = "-"


@dataclass(frozen=True)
class GivenTexts:
    """Texts, one per example, and their origin."""

    origin: str  # file, or name of the argument, for messages
    texts: list[str]  # in the order of the examples
    file: str | None = None  # file as a command takes it; None where the texts were given directly


def read_texts(given: Texts, name: str) -> GivenTexts:
    """Read a file with one text per line, or take texts directly.

    Args:
        given: Path, `-` for standard input, or texts.
        name: Name of the argument, for messages.

    Raises:
        T5TuneError: The file cannot be read, or there are no texts.
    """
    if given == STDIN:
        read = GivenTexts(STDIN_NAME, read_stdin_lines(), STDIN)
    elif isinstance(given, str | Path):
        path = os.fspath(given)
        read = GivenTexts(path, read_lines(path), path)
    else:
        read = GivenTexts(name, list(given))
    if not read.texts:
        raise T5TuneError(f"{read.origin} is empty.", next_command="t5tune score --help")
    return read


def read_references(given: References) -> list[GivenTexts]:
    """Read references; each result has one reference per example.

    Args:
        given: A path; one text per example; `Path` objects, one file per reference of an
            example; or all references of each example.

    Raises:
        T5TuneError: A file cannot be read, references are missing, or their number differs
            between examples.
    """
    name = "references"
    if isinstance(given, str | Path):
        return [read_texts(given, name)]
    if given and all(isinstance(one, Path) for one in given):
        return [read_texts(path, name) for path in given]
    rows = [(one,) if isinstance(one, str) else tuple(map(str, one)) for one in given]  # type: ignore[arg-type]
    counts = sorted({len(row) for row in rows})
    if len(counts) > 1 or counts == [0]:
        raise T5TuneError(
            f"{name}: all examples need equally many references, at least one, but they have "
            f"{' or '.join(map(str, counts))}.",
            next_command="t5tune score --help",
        )
    return [GivenTexts(name, list(column)) for column in zip(*rows, strict=True)] or [
        read_texts([], name)
    ]


def check_sizes(first: GivenTexts, others: Sequence[GivenTexts]) -> None:
    """Refuse texts that are not about the same number of examples.

    Raises:
        T5TuneError: The numbers differ; the next command counts lines.
    """
    every = [first, *others]
    for other in others:
        if len(other.texts) != len(first.texts):
            files = [texts.file for texts in every if texts.file is not None]
            raise T5TuneError(
                f"{first.origin} has {len(first.texts)} {_unit(first)}, but {other.origin} has "
                f"{len(other.texts)}{'' if _unit(other) == _unit(first) else ' ' + _unit(other)}.",
                next_command=f"wc -l {shlex.join(files)}" if files else "give one text per example",
            )


def _unit(given: GivenTexts) -> str:
    return "texts" if given.file is None else "lines"

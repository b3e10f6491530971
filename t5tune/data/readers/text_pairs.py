"""Parallel text: line n of one file is the translation of line n of the other."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from t5tune.data.readers.local_files import find_files
from t5tune.data.readers.open_splits import Example, OpenSplit, Request
from t5tune.errors import T5TuneError
from t5tune.files.text_streams import Lines, open_lines
from t5tune.recipe.places import TextPair, join_names
from t5tune.run.directory import display_path


def open_text_pair(pair: TextPair, request: Request) -> OpenSplit:
    """Open parallel files, one after the other where a key names several.

    References may come from further files, as many as there are sources.

    Raises:
        T5TuneError: A file cannot be read, or files that belong together differ in number or in
            their numbers of lines.
    """
    where = request.where
    sides = [(key, find_files(names, where, key)) for key, names in pair.named_files()]
    _check_numbers(sides, where)
    parts = [
        _open_part(paths, pair.encoding, where)
        for paths in zip(*(paths for _, paths in sides), strict=True)
    ]

    last: list[Lines] = []  # files that belong together, of which the last line was read
    line = 0

    def read_all() -> Iterator[Example]:
        nonlocal last, line
        for part in parts:
            last = part
            for number, example in enumerate(_read(part, where), start=1):
                line = number
                yield example

    def locate_last() -> str:
        return f"{join_names([display_path(lines.path) for lines in last])}, line {line}"

    num = request.count(sum(part[0].num_lines for part in parts))
    return OpenSplit(
        where,
        pair,
        "lines",
        num,
        lambda: islice(read_all(), request.limit),
        locate_last=locate_last,
    )


def _check_numbers(sides: list[tuple[str, list[Path]]], where: str) -> None:
    (first_key, first), *others = sides
    for key, paths in others:
        if len(paths) != len(first):
            last, other = first[-1], paths[-1]
            raise T5TuneError(
                f"{where}: {first_key} names {len(first)} files (the last one is "
                f"{display_path(last)}), and {key} names {len(paths)} (the last one is "
                f"{display_path(other)}); file n of one must belong to file n of the other.",
                next_command=f"ls {display_path(last.parent)} {display_path(other.parent)}"
                f"   # then correct {where}.{key}",
            )


def _open_part(paths: tuple[Path, ...], encoding: str | None, where: str) -> list[Lines]:
    """Open a file of sources and the files that belong to it."""
    opened = [open_lines(path, encoding) for path in paths]
    sources = opened[0]
    for lines in opened:
        if lines.num_lines != sources.num_lines:
            first, second = display_path(sources.path), display_path(lines.path)
            raise T5TuneError(
                f"{where}: {first} has {sources.num_lines} lines and {second} has "
                f"{lines.num_lines}; line n of one must be the translation of line n of the other.",
                next_command=f"wc -l {first} {second}",
            )
    return opened


def _read(part: list[Lines], where: str) -> Iterator[Example]:
    try:
        for source, *texts in zip(*part, strict=True):
            yield Example(source, texts)
    except ValueError as error:
        raise T5TuneError(
            f"{where}: {display_path(part[0].path)} or the file that belongs to it changed while "
            "they were read.",
            next_command="the same command when nothing writes to those files",
        ) from error

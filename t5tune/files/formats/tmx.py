"""TMX: units of translation memories, each in two or more languages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from t5tune.files.file_format import FileFormat, FileOptions
from t5tune.files.table import Table
from t5tune.files.translation_units import (
    Texts,
    collect_text,
    list_languages,
    local_name,
    open_units,
    read_elements,
    read_language,
    read_languages,
)

# Elements that hold codes of the program that wrote a text; <hi> marks a part of the text itself.
_CODES = frozenset({"bpt", "ept", "ph", "it", "ut", "sub"})


def _open(path: Path, options: FileOptions) -> Table:
    return open_units(path, options, "TMX", _find_texts)


def _find_texts(path: Path) -> Iterator[Texts]:
    for event, unit in read_elements(path, "TMX", "tmx", ["tu"]):
        if event == "end" and local_name(unit) == "tu":
            yield [
                (read_language(variant), collect_text(segment, _CODES, path))
                for variant in unit.iterchildren("{*}tuv")
                for segment in variant.iterchildren("{*}seg")
            ]


def _find_languages(path: Path) -> list[str]:
    return list_languages(path, "TMX", _find_texts)


FORMAT = FileFormat("tmx", (".tmx",), _open, read_languages, find_languages=_find_languages)

"""XLIFF 1.2 and 2: sources with their translations, as programs for translators exchange them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

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

# Elements that hold codes of the program that wrote a text (1.2), or nothing (2).
_CODES = frozenset({"bpt", "ept", "ph", "it", "sub", "x", "bx", "ex", "sc", "ec", "sm", "em"})
# The units of 1.2 and 2; groups and files are freed when they end.
_UNITS = ("trans-unit", "segment")
_HOLDERS = ("file", "group", "unit")
# Attributes of <file> (1.2) and <xliff> (2).
_LANGUAGES = {
    "source": ("source-language", "srcLang"),
    "target": ("target-language", "trgLang"),
}


def _open(path: Path, options: FileOptions) -> Table:
    return open_units(path, options, "XLIFF", _find_texts)


def _find_texts(path: Path) -> Iterator[Texts]:
    languages: dict[str, str | None] = {}
    for event, element in read_elements(path, "XLIFF", "xliff", [*_UNITS, *_HOLDERS]):
        name = local_name(element)
        if event == "start" and name in ("xliff", "file"):
            found = {
                side: next(filter(None, map(element.get, keys)), None)
                for side, keys in _LANGUAGES.items()
            }
            languages = found if any(found.values()) else languages
        elif event == "end" and name in _UNITS:
            yield [
                (read_language(child) or languages.get(side), collect_text(child, _CODES, path))
                for side in _LANGUAGES
                for child in element.iterchildren(f"{{*}}{side}")
                if _has_content(child)
            ]


def _has_content(element: Any) -> bool:
    """Return whether a source or target is more than the empty place for a translation."""
    return bool(element.text) or len(element) > 0


def _find_languages(path: Path) -> list[str]:
    return list_languages(path, "XLIFF", _find_texts)


FORMAT = FileFormat(
    "xliff", (".xlf", ".xliff"), _open, read_languages, find_languages=_find_languages
)

"""The registry of formats of data files: one module each.

Every module here that ends with a `FORMAT` is found; nothing else has to name it.
"""

from __future__ import annotations

import importlib
import pkgutil

from t5tune.files.file_format import FileFormat


def _find_formats() -> dict[str, FileFormat]:
    modules = [
        importlib.import_module(f"{__name__}.{found.name}")
        for found in pkgutil.iter_modules(__path__)
    ]
    formats: list[FileFormat] = [module.FORMAT for module in modules]
    return {found.name: found for found in sorted(formats, key=lambda one: one.name)}


FORMATS = _find_formats()


def format_of_ending(ending: str) -> FileFormat | None:
    """Return the format of files whose names end like this (".tsv"), if there is one."""
    return next((one for one in FORMATS.values() if ending.lower() in one.endings), None)


def list_formats(*, without: str = "") -> str:
    """Return the names of the formats, for messages."""
    *others, last = [name for name in FORMATS if name != without]
    return f"{', '.join(others)} or {last}"

"""The registry of formats of data files: one module each.

Every module here that ends with a `FORMAT` is found; nothing else has to name it.
"""

from __future__ import annotations

from t5tune.files.file_format import FileFormat
from t5tune.files.registered_modules import find_registered

_FOUND: list[FileFormat] = list(find_registered(__name__, "FORMAT").values())
FORMATS = {one.name: one for one in sorted(_FOUND, key=lambda one: one.name)}


def format_of_ending(ending: str) -> FileFormat | None:
    """Return the format of files whose names end like this (".tsv"), if there is one."""
    return next((one for one in FORMATS.values() if ending.lower() in one.endings), None)


def list_formats(*, without: str = "") -> str:
    """Return the names of the formats, for messages."""
    *others, last = [name for name in FORMATS if name != without]
    return f"{', '.join(others)} or {last}"

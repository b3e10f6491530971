"""The registry of formats that `t5tune translate` reads and writes: one module each.

Every module here that ends with a `FORMAT` is found; nothing else has to name it.
"""

from __future__ import annotations

from pathlib import Path

from t5tune.decoding.streaming.input_format import InputFormat
from t5tune.errors import T5TuneError, did_you_mean
from t5tune.files.registered_modules import find_registered

_FOUND: list[InputFormat] = list(find_registered(__name__, "FORMAT").values())
FORMATS = {one.name: one for one in sorted(_FOUND, key=lambda one: one.name)}


def choose_format(name: str | None, path: str | Path, *, is_document: bool) -> InputFormat:
    """Return the requested format, or the one that the file's ending names.

    Raises:
        T5TuneError: The format does not exist.
    """
    if name is None:
        ending = Path(path).suffix.lower()
        found = next((one for one in FORMATS.values() if ending in one.endings), FORMATS["text"])
        # Without --documents, a document is translated line by line like any text.
        return found if is_document or found.build is not None else FORMATS["text"]
    if name not in FORMATS:
        raise T5TuneError(
            f"--format: there is no format {name}{did_you_mean(name, FORMATS)}",
            next_command=f"use one of {', '.join(FORMATS)}",
        )
    return FORMATS[name]


def describe_formats() -> str:
    """Return the formats with their content, for the help."""
    return ", ".join(f"{one.name} ({one.description})" for one in FORMATS.values())

"""The layout of input and output, and what an output depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from t5tune.decoding.export.settings import PATIENCE
from t5tune.decoding.opened_model import OpenedModel
from t5tune.decoding.streaming.lines import FileFacts
from t5tune.errors import T5TuneError, did_you_mean
from t5tune.run.directory import RunDirectory
from t5tune.run.manifest import fingerprint_directory

FORMATS = ("text", "markdown", "tsv", "csv", "jsonl")
_SUFFIXES = {
    ".tsv": "tsv",
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".md": "markdown",
    ".markdown": "markdown",
}


@dataclass(frozen=True)
class Layout:
    """The form of the input and of the output.

    Attributes:
        format: One of `FORMATS`.
        column: Column of the source, in TSV, CSV and JSON lines.
        into: Column or field of the translation.
        is_document: Whether the text is split into sentences and put together again.
        as_json: Whether each line of text becomes an object.
    """

    format: str = "text"
    column: str | None = None
    into: str = "translation"
    is_document: bool = False
    as_json: bool = False


def choose_format(name: str | None, path: str | Path, *, is_document: bool) -> str:
    """Return the format that is asked for, or the one that the file's ending names.

    Raises:
        T5TuneError: The format does not exist.
    """
    if name is not None:
        if name not in FORMATS:
            raise T5TuneError(
                f"--format: there is no format {name}{did_you_mean(name, FORMATS)}",
                next_command=f"use one of {', '.join(FORMATS)}",
            )
        return name
    found = _SUFFIXES.get(Path(path).suffix.lower(), "text")
    # Markdown without --documents is translated line by line, as any text.
    return "text" if found == "markdown" and not is_document else found


def describe_origin(
    facts: FileFacts, layout: Layout, model: OpenedModel, search: Mapping[str, Any]
) -> dict[str, Any]:
    """Return everything that the output depends on, and open the model unless the input is empty.

    Args:
        facts: Facts about the input.
        layout: Form of the input and the output.
        model: Model that translates.
        search: Search settings, as the user gave them.
    """
    choice = model.choice
    engine = model.engine if facts.num_lines else choice.engine
    patience = model.open().patience if facts.num_lines else None
    choices = {**asdict(layout), **search, **asdict(choice), "engine": engine}
    del choices["name"]
    return {
        "the input's SHA-256": facts.sha256,
        "the model": _fingerprint(choice.name),
        # The default is left out, so that outputs from before exports had a patience continue.
        **({} if patience in (None, PATIENCE) else {"the export's patience": patience}),
        **{key: value for key, value in choices.items() if value is not None},
    }


def _fingerprint(name: str) -> str:
    """Return what identifies a model: its manifest, else its files, else its name."""
    path = Path(name)
    for directory in (RunDirectory(path).model, path):
        if found := fingerprint_directory(directory):
            return found
    if not path.is_dir():
        return name
    files = sorted(file for file in path.iterdir() if file.is_file())
    return "; ".join(f"{f.name} {f.stat().st_size} {f.stat().st_mtime_ns}" for f in files)

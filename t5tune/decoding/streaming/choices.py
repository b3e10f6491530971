"""Choices of a user of `t5tune translate`: the model, the search and the layout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from t5tune.decoding.export.settings import PATIENCE
from t5tune.decoding.streaming.lines import FileFacts
from t5tune.decoding.translator import DecodingOptions
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
class ModelChoice:
    """Choice of a model, as the arguments of `t5tune.load`."""

    name: str
    engine: str
    source_lang: str | None = None
    target_lang: str | None = None
    prefix: str | None = None


@dataclass(frozen=True)
class SearchChoice:
    """Choice of a search; the model's own setting stays where a value is None or absent.

    Attributes:
        settings: Values by their names in `DecodingOptions`.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def num_hypotheses(self) -> int | None:
        """Number of hypotheses for each source; None for the best one without its score."""
        return self.settings.get("num_hypotheses")

    def apply(self, options: DecodingOptions) -> DecodingOptions:
        """Return the model's options with these in their place."""
        own = {key: value for key, value in self.settings.items() if value is not None}
        if self.num_hypotheses is not None and "num_beams" not in own:
            own["num_beams"] = max(options.num_beams, self.num_hypotheses)
        return replace(options, **own)


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


def choose_format(name: str | None, path: Path | None, *, is_document: bool) -> str:
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
    found = _SUFFIXES.get(path.suffix.lower(), "text") if path is not None else "text"
    # Markdown without --documents is translated line by line, as any text.
    return "text" if found == "markdown" and not is_document else found


def describe_origin(
    facts: FileFacts,
    layout: Layout,
    model: ModelChoice,
    search: SearchChoice,
    engine: str,
    patience: float | None = None,
) -> dict[str, Any]:
    """Return everything that the output depends on.

    Args:
        facts: Facts about the input.
        layout: Form of the input and the output.
        model: Model that translates.
        search: Search settings.
        engine: Engine that was chosen.
        patience: Patience of the export that translates. The default is left out, so that
            outputs from before exports had a patience can be continued.
    """
    choices = {**asdict(layout), **search.settings, **asdict(model), "engine": engine}
    del choices["name"]
    return {
        "the input's SHA-256": facts.sha256,
        "the model": _fingerprint(model.name),
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

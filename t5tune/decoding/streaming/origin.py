"""Everything that the output of a translation depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from t5tune.decoding.export.settings import PATIENCE
from t5tune.decoding.opened_model import OpenedModel
from t5tune.decoding.streaming.input_format import Layout
from t5tune.decoding.streaming.lines import FileFacts
from t5tune.run.directory import RunDirectory
from t5tune.run.manifest import fingerprint_directory


def describe_origin(
    facts: FileFacts, layout: Layout, model: OpenedModel, search: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what the output depends on, and open the model unless the input is empty."""
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

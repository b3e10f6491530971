"""What is in the data of a recipe, as files."""

from __future__ import annotations

import json
from pathlib import Path

from t5tune.console import say
from t5tune.data.overview.data_overview import DataOverview
from t5tune.files.writing import write_texts
from t5tune.reporting.html.data_page import render_data_html
from t5tune.reporting.overviews.overview_notes import list_notes


def format_json(overview: DataOverview) -> str:
    """Return everything as JSON, in which halves of characters are question marks."""
    values = {"notes": list_notes(overview), **overview.to_json()}
    text = json.dumps(values, ensure_ascii=False, indent=2)
    return text.encode("utf-8", "replace").decode()


def write_overview(overview: DataOverview, directory: Path) -> None:
    """Write data.html and data.json.

    Raises:
        NotWritten: They cannot be written.
    """
    write_texts(
        {
            directory / "data.json": format_json(overview) + "\n",
            directory / "data.html": render_data_html(overview),
        }
    )
    say(f"page: {directory / 'data.html'}")

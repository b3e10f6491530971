"""Add to the site what is made when it is built, so that it cannot be out of date."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from command_page import write_commands
from json_page import REPORT_SCHEMA, write_json_shapes
from key_page import write_key_tables
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from python_page import write_names

from t5tune.recipe.loading import recipe_json_schema

REPOSITORY = Path(__file__).resolve().parents[2]
PARTS: dict[str, Callable[[], str]] = {
    "command_page": write_commands,
    "json_page": write_json_shapes,
    "key_page": write_key_tables,
    "python_page": write_names,
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what is not a file in docs/: CONTRIBUTING.md, and the schemas for programs."""
    contributing = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    contents = {
        "contributing.md": contributing.replace("](docs/", "]("),
        "reference/recipe.schema.json": json.dumps(recipe_json_schema(), indent=2) + "\n",
        "reference/report.schema.json": REPORT_SCHEMA.read_text(encoding="utf-8"),
    }
    for name, content in contents.items():
        files.append(File.generated(config, name, content=content))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Put what is made from the source in the places that name the script which makes it."""
    for name, write in PARTS.items():
        comment = f"<!-- made by docs/site/{name}.py when `make docs` builds the site -->"
        if comment in markdown:
            return markdown.replace(comment, write())
    return markdown

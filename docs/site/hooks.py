"""Add to the site what is made when it is built, so that it cannot be out of date."""

from __future__ import annotations

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

REPOSITORY = Path(__file__).resolve().parents[2]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are not files in docs/."""
    contributing = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    pages = {"contributing.md": contributing.replace("](docs/", "](")}
    for name, text in pages.items():
        files.append(File.generated(config, name, content=text))
    return files

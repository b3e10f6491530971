"""What the user has said before a draft begins: everything may be left open."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FROM_SCRATCH = "scratch"  # in place of a model's name


@dataclass(frozen=True)
class Wishes:
    """What the user asks for; None leaves it to the data.

    Attributes:
        names: A file, two parallel text files, or a data set on the hub.
        source: Column of the sources, or a template.
        target: Column of the targets, or a template.
        source_lang: Code of the language of the sources.
        target_lang: Code of the language of the targets.
        task: Task of the recipe.
        model: Name of a pretrained model, or `scratch`.
        minutes: How long training may take.
        config: Configuration of a hub data set.
        encoding: Encoding of text files.
        has_header: Whether the first row of a table names its columns.
        seed: Seed of the splits that are cut.
        output: File to write; a name that fits the data, in the current directory, if left out.
    """

    names: tuple[str, ...]
    source: str | None = None
    target: str | None = None
    source_lang: str | None = None
    target_lang: str | None = None
    task: str | None = None
    model: str | None = None
    minutes: float | None = None
    config: str | None = None
    encoding: str | None = None
    has_header: bool | None = None
    seed: int = 0
    output: Path | None = None

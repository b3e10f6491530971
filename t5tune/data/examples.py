"""Examples of a split to translate and to score."""

from __future__ import annotations

from dataclasses import dataclass

from t5tune.data.readers.sources import load_split
from t5tune.errors import T5TuneError
from t5tune.recipe.schema import DataEntry, DataSection, Recipe


@dataclass(frozen=True)
class Examples:
    """Sources to translate, and references to compare the translations with.

    Attributes:
        split: Name for messages and for the directory of the report.
        sources: Texts without the prefix.
        references: One or more references for each source.
    """

    split: str
    sources: list[str]
    references: list[list[str]]


def load_examples(recipe: Recipe, split: str) -> Examples:
    """Read a split of a recipe.

    Raises:
        T5TuneError: The recipe has no such split, or it cannot be read.
    """
    entry = recipe.data.entries.get(split)
    if entry is None:
        splits = list(recipe.data.entries)
        raise T5TuneError(
            f"the recipe {recipe.name} has no split {split}; it has {', '.join(splits)}.",
            next_command=f"t5tune eval --split {splits[-1]}",
        )
    return read_examples(entry, split, recipe.data, recipe.source_lang, recipe.target_lang)


def read_examples(
    entry: DataEntry,
    split: str,
    data: DataSection,
    source_lang: str | None,
    target_lang: str | None,
) -> Examples:
    """Read the examples of one entry. See `load_split`."""
    dataset = load_split(
        entry,
        split,
        source=data.source,
        target=data.target,
        source_lang=source_lang,
        target_lang=target_lang,
    )
    return Examples(split, dataset["source"][:], dataset["references"][:])

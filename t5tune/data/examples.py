"""Examples of a split to translate and to score."""

from __future__ import annotations

from dataclasses import dataclass, replace

from t5tune.data.readers.sources import open_split, read_all
from t5tune.data.store.stored_cuts import StoredCuts
from t5tune.recipe.data_section import DataSection


@dataclass(frozen=True)
class Examples:
    """Sources to translate, and references to compare the translations with.

    Attributes:
        split: Name for messages and for the directory of the report.
        sources: Texts without the prefix.
        references: One or more references for each source.
        remarks: What was noticed while they were read, in sentences.
    """

    split: str
    sources: list[str]
    references: list[list[str]]
    remarks: tuple[str, ...] = ()

    def first(self, num: int) -> Examples:
        """Return the first ones."""
        return replace(self, sources=self.sources[:num], references=self.references[:num])


def load_examples(
    data: DataSection,
    split: str,
    source_lang: str | None,
    target_lang: str | None,
    cuts: StoredCuts | None = None,
) -> Examples:
    """Read a split of a recipe. Arguments and errors as in `load_split`."""
    opened = open_split(data, split, source_lang, target_lang, cuts)
    examples = read_all(opened)
    return Examples(
        split,
        [one.source for one in examples],
        [one.references for one in examples],
        tuple(opened.describe_readings()),
    )

"""Examples of a split to translate and to score."""

from __future__ import annotations

from dataclasses import dataclass, replace

from t5tune.data.denoising.held_out_texts import leave_out_words
from t5tune.data.readers.sources import open_split, read_all
from t5tune.data.store.stored_cuts import StoredCuts
from t5tune.recipe.sections.data_section import DataSection


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
    """Read a split of a recipe; of plain text, words are left out. Arguments as in `load_split`.

    Raises:
        T5TuneError: As `load_split` does, or the recipe does not say how words are left out.
    """
    opened = open_split(data, split, source_lang, target_lang, cuts)
    examples = read_all(opened)
    sources, references = [one.source for one in examples], [one.references for one in examples]
    if data.denoise is not None:
        sources, references = leave_out_words(sources, data.denoise)
    return Examples(split, sources, references, tuple(opened.describe_readings()))

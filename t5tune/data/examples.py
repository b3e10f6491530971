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
        languages: Codes of their languages, where the split has several directions.
        others: Examples of the other directions.
    """

    split: str
    sources: list[str]
    references: list[list[str]]
    remarks: tuple[str, ...] = ()
    languages: tuple[str | None, str | None] = (None, None)
    others: tuple[Examples, ...] = ()

    @property
    def direction(self) -> str:
        """Languages in the form `en-de`."""
        return "-".join(filter(None, self.languages))

    def first(self, num: int) -> Examples:
        """Return the first ones."""
        return replace(
            self,
            sources=self.sources[:num],
            references=self.references[:num],
            others=tuple(other.first(num) for other in self.others),
        )


def load_examples(
    data: DataSection,
    split: str,
    source_lang: str | None,
    target_lang: str | None,
    cuts: StoredCuts | None = None,
) -> Examples:
    """Read a split of a recipe; of plain text, words are left out. Arguments as in `load_split`.

    Where it has several directions, they are those of the first one, with the others beside them.

    Raises:
        T5TuneError: As `load_split` does, or the recipe does not say how words are left out.
    """
    key, languages = data.key_of(split), (source_lang, target_lang)
    if key == split:
        return _load(data, split, split, languages, cuts)
    first, *others = (
        replace(
            _load(data, one, split, languages, cuts), languages=data.languages_of(one, languages)
        )
        for one in data.entries
        if one.startswith(f"{split}[")
    )
    named = tuple(replace(other, split=f"{split}-{other.direction}") for other in others)
    return replace(first, others=named)


def _load(
    data: DataSection,
    key: str,
    split: str,
    languages: tuple[str | None, str | None],
    cuts: StoredCuts | None,
) -> Examples:
    opened = open_split(data, key, *languages, cuts)
    examples = read_all(opened)
    sources, references = [one.source for one in examples], [one.references for one in examples]
    if data.denoise is not None:
        sources, references = leave_out_words(sources, data.denoise)
    return Examples(split, sources, references, tuple(opened.describe_readings()))

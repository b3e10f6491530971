"""Entries of a mixture: several corpora that train one model, and their shares."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Discriminator, Field, Tag, model_validator

from t5tune.recipe.places import CutSplit, HubSplit
from t5tune.recipe.sections.cleaning_section import Cleaning
from t5tune.recipe.sections.data_entry import DataEntry
from t5tune.recipe.sections.section import Count, PositiveInt, Section

# Parts of pydantic's location of an error, beside keys.
ONE, SEVERAL = "one entry", "several entries"


class MixingSection(Section):
    """How much of each entry of data.train an epoch has, where no entry gives a weight."""

    temperature: float = Field(
        ge=1.0,
        description="Shares in proportion to n^(1/temperature), n being the number of examples: 1 "
        "uses each example once an epoch, and the higher, the more equal the shares.",
    )


class DirectedEntry(DataEntry):
    """An entry with a name, and with languages that need not be those of the recipe."""

    name: str | None = Field(
        default=None,
        min_length=1,
        max_length=60,
        description="Name in messages and in the report; the name of the data set or of the file "
        "if left out.",
    )
    source_lang: str | None = Field(
        default=None, description="Language code; that of the recipe if left out."
    )
    target_lang: str | None = Field(
        default=None, description="Language code; that of the recipe if left out."
    )
    directions: Literal["both", "reversed"] | None = Field(
        default=None,
        description="reversed: the source of an example is its target, and the other way round; "
        "both: as they are, and reversed as another entry with the same weight.",
    )

    @property
    def title(self) -> str:
        """Name in messages and in the report."""
        if self.name is not None:
            return self.name
        place = self.place
        if isinstance(place, HubSplit):
            return place.hub if place.config is None else f"{place.hub} {place.config}"
        return PurePath(place.files[0]).name if place.files else str(place)

    @model_validator(mode="after")
    def _is_one_of_several(self) -> DirectedEntry:
        if self.streaming:
            raise ValueError(
                "`streaming` is for data.train with a single entry; the examples of a mixture are "
                "stored, which takes about 2 bytes a token"
            )
        if isinstance(self.place, CutSplit):
            raise ValueError("`from: train` is for a split with a single entry; name its own place")
        return self


class MixedEntry(DirectedEntry):
    """One of several corpora that train one model.

    Entries of lists under `validation` and `test` have the keys of `DirectedEntry` alone.
    """

    weight: float | None = Field(
        default=None,
        gt=0.0,
        description="Share of an epoch's examples, beside the weights of the other entries.",
    )
    max_repeats: PositiveInt | None = Field(
        default=None,
        description="How often an epoch uses an example at most; the other entries fill up what "
        "the share lacks.",
    )
    from_step: Count | None = Field(
        default=None, description="Optimizer step from which on the entry is used."
    )
    until_step: PositiveInt | None = Field(
        default=None, description="Optimizer step after which the entry is no longer used."
    )

    cleaning: Cleaning = Field(
        default=None,
        description="Rules for the pairs of this entry, in place of those of data.cleaning; [] for "
        "none.",
    )

    @property
    def begin(self) -> int:
        """Number of steps before the first one that uses the entry."""
        return self.from_step or 0

    def is_used_after(self, step: int) -> bool:
        """Return whether the step after so many steps uses the entry."""
        return self.begin <= step and (self.until_step is None or step < self.until_step)

    @model_validator(mode="after")
    def _is_mixed(self) -> MixedEntry:
        if self.until_step is not None and self.until_step <= self.begin:
            raise ValueError(
                f"`until_step` {self.until_step} is not after `from_step` {self.begin}, so that no "
                "step uses the entry"
            )
        return self


SomeEntry = TypeVar("SomeEntry", bound=DirectedEntry)

# Keys that an entry alone does not have.
MIXING_KEYS = set(MixedEntry.model_fields) - set(DataEntry.model_fields)
# Keys that decide nothing about the examples of an entry.
NO_EXAMPLES = {"name", "weight", "max_repeats", "from_step", "until_step", "prefix"}


def tell_entries(value: Any) -> str:
    """Return whether a value of data.train is meant as one entry or as several."""
    is_list = isinstance(value, Sequence) and not isinstance(value, str)
    return SEVERAL if is_list and any(not isinstance(item, str) for item in value) else ONE


TrainEntries = Annotated[
    Annotated[DataEntry, Tag(ONE)] | Annotated[Sequence[MixedEntry], Tag(SEVERAL)],
    Discriminator(tell_entries),
]


TestEntries = Annotated[
    Annotated[DataEntry, Tag(ONE)] | Annotated[Sequence[DirectedEntry], Tag(SEVERAL)],
    Discriminator(tell_entries),
]


def check_mixture(entries: Sequence[MixedEntry], mixing: MixingSection | None) -> None:
    """Refuse names, weights and steps that do not fit together.

    Raises:
        ValueError: The message names the keys.
    """
    titles = [entry.title for entry in entries]
    if twice := [title for title in titles if titles.count(title) > 1]:
        raise ValueError(f"two entries of `train` are called {twice[0]}; give each a `name`")
    weighted = [entry for entry in entries if entry.weight is not None]
    if weighted and mixing is not None:
        raise ValueError("`weight` and `mixing` exclude each other; leave one of them out")
    if weighted and len(weighted) < len(entries):
        without = next(entry.title for entry in entries if entry.weight is None)
        raise ValueError(f"give each entry of `train` a `weight`, or none; {without} has none")
    for step in find_changes(entries):
        if not any(entry.is_used_after(step) for entry in entries):
            raise ValueError(f"no entry of `train` is used after step {step}")


def reverse_entry(entry: SomeEntry, source_lang: str | None, target_lang: str | None) -> SomeEntry:
    """Return the other direction of an entry that has both.

    Args:
        entry: An entry with `directions: both`.
        source_lang: Language of its sources.
        target_lang: Language of its targets.

    Raises:
        ValueError: The languages are unknown, or it has a prefix, which names one direction.
    """
    if source_lang is None or target_lang is None:
        raise ValueError("`directions: both` needs `source_lang` and `target_lang`")
    if entry.prefix is not None:
        raise ValueError(
            "`prefix` and `directions: both` exclude each other: each direction has its own; "
            "write two entries, one with `directions: reversed`"
        )
    return entry.model_copy(
        update={
            "directions": "reversed",
            "name": f"{entry.title} ({target_lang} to {source_lang})",
            "source_lang": target_lang,
            "target_lang": source_lang,
        }
    )


def find_changes(entries: Sequence[MixedEntry]) -> list[int]:
    """Return the numbers of steps after which other entries are used, from 0."""
    ends = (entry.until_step for entry in entries if entry.until_step is not None)
    return sorted({0, *(entry.begin for entry in entries), *ends})

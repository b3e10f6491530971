"""The section `data` of a recipe: its splits, and the keys that they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeVar

from pydantic import Field, field_validator, model_validator

from t5tune.recipe.places import CutSplit
from t5tune.recipe.sections.augment_section import AugmentSection
from t5tune.recipe.sections.cleaning_section import DUPLICATES, Cleaning, CleaningSection
from t5tune.recipe.sections.data_entry import DataEntry
from t5tune.recipe.sections.denoise_section import DenoiseSection
from t5tune.recipe.sections.mixed_entry import (
    NO_EXAMPLES,
    DirectedEntry,
    MixedEntry,
    MixingSection,
    TestEntries,
    TrainEntries,
    check_mixture,
    find_changes,
    reverse_entry,
)
from t5tune.recipe.sections.section import PositiveInt, Section

SomeData = TypeVar("SomeData", bound="DataSection")
NormalizationName = Literal["entities", "nfc", "quotes", "romanian"]
Languages = tuple[str | None, str | None]  # codes of source and target


class DataSection(Section):
    """The three splits, and the keys that they share."""

    train: TrainEntries = Field(
        description="Where the examples for training come from: one entry, or a list of entries "
        "that are mixed."
    )
    validation: TestEntries = Field(
        description="Where the examples for validation come from: one entry, or a list with one "
        "for each direction, the recipe's own first."
    )
    test: TestEntries | None = Field(
        default=None, description="Where the examples of the report come from, as `validation`."
    )
    mixing: MixingSection | None = Field(
        default=None, description="How the entries of `train` are mixed, if they have no weights."
    )
    source: str | None = Field(
        default=None, description="`source` of every entry that does not give its own."
    )
    target: str | None = Field(
        default=None, description="`target` of every entry that does not give its own."
    )
    prefix: str | None = Field(
        default=None, description="`prefix` of every entry that does not give its own."
    )
    max_source_length: PositiveInt = Field(
        default=128,
        description="Limit in tokens; longer sources are cut, or read in chunks.",
    )
    max_target_length: PositiveInt = Field(
        default=128, description="Limit in tokens; longer targets are cut."
    )
    long_sources: Literal["cut", "chunk"] = Field(
        default="cut",
        description="What becomes of longer sources when they are translated. chunk: they are "
        "split where sentences end, and the outputs are joined; training cuts them in any case, "
        "but makes several examples of a long plain text.",
    )
    normalization: list[NormalizationName] | None = Field(
        default=None,
        min_length=1,
        description="How the characters of texts are changed: sources and targets of training, and "
        "sources that are translated. entities: those of HTML become characters. nfc: composed. "
        "quotes: straight ones. romanian: ș and ț with commas, in Romanian texts.",
    )
    cleaning: Cleaning = Field(
        default=None,
        description="Rules by which training pairs are left out: standard, a list of rules, or "
        "rules with their settings. Blank pairs are left out in any case.",
    )
    augment: AugmentSection | None = Field(
        default=None, description="How training examples are varied; as they are if left out."
    )
    denoise: DenoiseSection | None = Field(
        default=None, description="How plain text becomes examples; with `task: denoise` only."
    )

    @property
    def entries(self) -> dict[str, DataEntry]:
        """Entries that are given, by their keys: `train[0]` is the first one of a mixture."""
        return {
            **self.training_entries,
            **_by_key("validation", self.validation),
            **_by_key("test", self.test),
        }

    @property
    def training_entries(self) -> dict[str, DataEntry]:
        """Entries of the training data, by their keys."""
        return _by_key("train", self.train)

    def key_of(self, split: str) -> str:
        """Return the key of a split's entry: the first one, where it has several."""
        first = f"{split}[0]"
        return first if first in self.entries else split

    @property
    def origins(self) -> dict[str, str]:
        """Keys of the training entries, each with that of the first one with the same examples."""
        first: dict[str, str] = {}
        return {
            key: first.setdefault(entry.model_dump_json(exclude=NO_EXAMPLES), key)
            for key, entry in self.training_entries.items()
        }

    @property
    def mixture(self) -> Sequence[MixedEntry]:
        """Entries that are mixed; none where the training data is one entry."""
        return () if isinstance(self.train, DataEntry) else self.train

    def cleaning_of(self, key: str) -> CleaningSection | None:
        """Return the rules for a training entry, which may have its own."""
        entry = self.training_entries[key]
        own = entry.cleaning if isinstance(entry, MixedEntry) else None
        return self.cleaning if own is None else own

    def cleaning_key(self, key: str) -> str:
        """Return the key of the rules for a training entry."""
        return "data.cleaning" if self.cleaning_of(key) is self.cleaning else f"data.{key}.cleaning"

    def languages_of(self, key: str, languages: Languages) -> Languages:
        """Return the languages of an entry, where it has its own instead of the recipe's."""
        entry = self.entries[key]
        if not isinstance(entry, DirectedEntry):
            return languages
        return entry.source_lang or languages[0], entry.target_lang or languages[1]

    def written_languages(self, key: str, languages: Languages) -> Languages:
        """Return the languages of the columns of an entry, which may be reversed."""
        source_lang, target_lang = self.languages_of(key, languages)
        entry = self.entries[key]
        is_reversed = isinstance(entry, DirectedEntry) and entry.directions == "reversed"
        return (target_lang, source_lang) if is_reversed else (source_lang, target_lang)

    def find_directions(self, languages: Languages) -> list[Languages]:
        """Return the languages that training translates between, the recipe's own first."""
        found = [self.languages_of(key, languages) for key in self.training_entries]
        return sorted(dict.fromkeys(found), key=lambda one: one != languages)

    def with_both_directions(self: SomeData, languages: Languages) -> SomeData:
        """Return the section with two entries in place of each that has both directions.

        The others follow all entries, whose numbers stay.

        Raises:
            ValueError: An entry cannot have both.
        """
        updates: dict[str, Any] = {}
        for split in ("train", "validation", "test"):
            entries = list(_by_key(split, getattr(self, split)).values())
            reversed_: list[DataEntry] = []
            for place, entry in enumerate(entries):
                if isinstance(entry, DirectedEntry) and entry.directions == "both":
                    own = self.languages_of(f"{split}[{place}]", languages)
                    entries[place] = entry.model_copy(update={"directions": None})
                    reversed_.append(reverse_entry(entry, *own))
            if reversed_:
                updates[split] = [*entries, *reversed_]
        return self.model_copy(update=updates) if updates else self

    def in_direction(self: SomeData, wanted: Languages, languages: Languages) -> SomeData:
        """Return the section with the entries of one direction, as far as a split has any.

        Args:
            wanted: Languages of the direction, which the entries then name.
            languages: Languages of the recipe.
        """
        named = dict(zip(("source_lang", "target_lang"), wanted, strict=True))
        updates: dict[str, Any] = {}
        for split in ("train", "validation", "test"):
            for key, entry in _by_key(split, getattr(self, split)).items():
                if isinstance(entry, DirectedEntry) and self.languages_of(key, languages) == wanted:
                    updates.setdefault(split, []).append(entry.model_copy(update=named))
        if not self.has_direction("test", wanted, languages):
            updates["test"] = None
        return self.model_copy(update=updates)

    def has_direction(self, split: str, wanted: Languages, languages: Languages) -> bool:
        """Return whether a split has examples of this direction. Arguments as in `in_direction`."""
        keys = _by_key(split, getattr(self, split))
        return any(self.languages_of(key, languages) == wanted for key in keys)

    @property
    def is_streamed(self) -> bool:
        """Whether the training data is streamed."""
        return isinstance(self.train, DataEntry) and bool(self.train.streaming)

    @property
    def changes(self) -> list[int]:
        """Numbers of steps after which a mixture uses other entries, from 0."""
        return find_changes(self.mixture)

    def with_entries(self: SomeData, entries: Mapping[str, DataEntry]) -> SomeData:
        """Return the section with other entries under some keys of `entries`."""
        updates: dict[str, Any] = {}
        for split in ("train", "validation", "test"):
            before = getattr(self, split)
            changed = [entries.get(key, one) for key, one in _by_key(split, before).items()]
            if changed:
                updates[split] = changed[0] if isinstance(before, DataEntry) else changed
        return self.model_copy(update=updates)

    @property
    def cuts(self) -> dict[str, CutSplit]:
        """Splits that are cut from the training data."""
        places = {split: entry.place for split, entry in self.entries.items()}
        return {split: place for split, place in places.items() if isinstance(place, CutSplit)}

    @field_validator("validation", "test")
    @classmethod
    def _only_train_is_streamed(cls, entry: TestEntries | None) -> TestEntries | None:
        if isinstance(entry, DataEntry) and entry.streaming:
            raise ValueError("`streaming` is for data.train; other splits are read as a whole")
        return entry

    @model_validator(mode="after")
    def _streams_have_no_memory(self) -> DataSection:
        for name in self.cleaning.rules if self.cleaning is not None else ():
            if name in DUPLICATES and self.is_streamed:
                raise ValueError(
                    f"`cleaning.{name}` and `streaming` on data.train exclude each other: a stream "
                    "remembers no pairs; write `cleaning: [standard, {duplicates: false}]` for the "
                    "other rules"
                )
        return self

    @model_validator(mode="after")
    def _streams_can_be_augmented(self) -> DataSection:
        augment = self.augment
        if augment is None or not self.is_streamed:
            return self
        if augment.rounds is not None:
            raise ValueError(
                "`augment.rounds` and `streaming` on data.train exclude each other: data that is "
                "streamed is varied anew in each pass"
            )
        if augment.names is not None and augment.names.file is None:
            raise ValueError(
                "`augment.names` needs a `file` with `streaming` on data.train: names cannot be "
                "looked for in all examples"
            )
        return self

    @field_validator("train")
    @classmethod
    def _train_is_whole(cls, train: TrainEntries) -> TrainEntries:
        if isinstance(train, DataEntry) and isinstance(train.place, CutSplit):
            raise ValueError("`train` is what other splits are cut from; name its own place")
        return train

    @model_validator(mode="after")
    def _mixture_fits(self) -> DataSection:
        if self.mixture:
            check_mixture(self.mixture, self.mixing)
        elif self.mixing is not None:
            raise ValueError("`mixing` is for a list of entries under `train`")
        return self


def split_key(key: str) -> tuple[str] | tuple[str, int]:
    """Return the parts of a key of `DataSection.entries`: `train[0]` is an entry of a list."""
    split, _, number = key.rstrip("]").partition("[")
    return (split, int(number)) if number else (split,)


def _by_key(split: str, value: TrainEntries | TestEntries | None) -> dict[str, DataEntry]:
    """Return the entries of a split by their keys, which have numbers where it has a list."""
    if value is None:
        return {}
    if isinstance(value, DataEntry):
        return {split: value}
    return {f"{split}[{number}]": entry for number, entry in enumerate(value)}

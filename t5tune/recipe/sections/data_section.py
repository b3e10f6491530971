"""The section `data` of a recipe: its splits, and the keys that they share."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from t5tune.recipe.places import CutSplit
from t5tune.recipe.sections.augment_section import AugmentSection
from t5tune.recipe.sections.data_entry import DataEntry
from t5tune.recipe.sections.denoise_section import DenoiseSection
from t5tune.recipe.sections.section import PositiveInt, Section


class DataSection(Section):
    """The three splits, and the keys that they share."""

    train: DataEntry
    validation: DataEntry
    test: DataEntry | None = None
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
    augment: AugmentSection | None = Field(
        default=None, description="How training examples are varied; as they are if left out."
    )
    denoise: DenoiseSection | None = Field(
        default=None, description="How plain text becomes examples; with `task: denoise` only."
    )

    @property
    def entries(self) -> dict[str, DataEntry]:
        """Entries that are given, by split."""
        entries = {"train": self.train, "validation": self.validation, "test": self.test}
        return {split: entry for split, entry in entries.items() if entry is not None}

    @property
    def cuts(self) -> dict[str, CutSplit]:
        """Splits that are cut from the training data."""
        places = {split: entry.place for split, entry in self.entries.items()}
        return {split: place for split, place in places.items() if isinstance(place, CutSplit)}

    @field_validator("validation", "test")
    @classmethod
    def _only_train_is_streamed(cls, entry: DataEntry | None) -> DataEntry | None:
        if entry is not None and entry.streaming:
            raise ValueError("`streaming` is for data.train; other splits are read as a whole")
        return entry

    @model_validator(mode="after")
    def _streams_can_be_augmented(self) -> DataSection:
        augment = self.augment
        if augment is None or not self.train.streaming:
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
    def _train_is_whole(cls, train: DataEntry) -> DataEntry:
        if isinstance(train.place, CutSplit):
            raise ValueError("`train` is what other splits are cut from; name its own place")
        return train

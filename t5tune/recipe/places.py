"""The kinds of place that examples come from, each with all that finds them.

A data entry has the keys of every kind, most of them empty; its `place` is the one that it means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class HubSplit:
    """A split of a data set on the hub.

    Attributes:
        hub: The id of the data set, or a local folder that is laid out like one.
        split: Its split, or a slice such as `train[:1%]`.
        config: Its configuration, if it has several.
        revision: Branch, tag or commit.
    """

    hub: str
    split: str
    config: str | None = None
    revision: str | None = None

    def __str__(self) -> str:
        return f"{self.name}, split {self.split}"

    @property
    def name(self) -> str:
        """The data set and its configuration, for messages."""
        return f"{self.hub} ({self.config})" if self.config else self.hub


@dataclass(frozen=True)
class TableFile:
    """A file with columns.

    Attributes:
        file: Its path.
        format: Its format, where the ending does not tell.
        columns: Names of its columns, where it has no header line.
    """

    file: str
    format: str | None = None
    columns: list[str] | None = None


@dataclass(frozen=True)
class TextPair:
    """Text files whose lines belong together.

    Attributes:
        source_file: One source a line.
        target_file: One target a line.
        references: Files with further references.
    """

    source_file: str
    target_file: str
    references: Sequence[str] = ()


Place = HubSplit | TableFile | TextPair

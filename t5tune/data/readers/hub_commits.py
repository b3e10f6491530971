"""One commit for each data set of a recipe, so that a run reads the same data throughout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from t5tune.data.readers.hub_rows import check_hub_split
from t5tune.data.readers.hub_splits import is_folder
from t5tune.hub import HubRepository, find_snapshot
from t5tune.recipe.places import HubSplit
from t5tune.recipe.sections.data_entry import DataEntry
from t5tune.recipe.sections.data_section import DataSection

SomeEntry = TypeVar("SomeEntry", bound=DataEntry)
Revision = tuple[str, str | None]  # a data set, and its branch, tag or commit if one is named


def hub_splits(entries: Mapping[str, DataEntry]) -> Iterator[tuple[str, HubSplit]]:
    """Return the entries on the hub, by their keys."""
    for key, entry in entries.items():
        place = entry.place
        if isinstance(place, HubSplit) and not is_folder(place.hub):
            yield key, place


def revision_of(place: HubSplit) -> Revision:
    """Return the key of a revision; entries with the same key have the same commit."""
    return place.hub, place.revision


def pin_commits(data: DataSection, known: Mapping[Revision, str]) -> DataSection:
    """Replace the revisions of the hub data sets of a data section; see `pin_entries`."""
    pinned = pin_entries({f"data.{key}": entry for key, entry in data.entries.items()}, known)
    return data.with_entries({key: pinned[f"data.{key}"] for key in data.entries})


def pin_entries(
    entries: Mapping[str, SomeEntry], known: Mapping[Revision, str]
) -> dict[str, SomeEntry]:
    """Replace the revisions of hub data sets by commits, and check that all splits exist.

    A missing split is found before any other split is loaded.

    Args:
        entries: Entries as the user wrote them, by their keys in the recipe, such as `data.train`.
        known: Commits that a run began with; they stay even if their branches have moved.

    Returns:
        The entries, those on the hub with a commit.

    Raises:
        T5TuneError: A data set, revision, configuration or split does not exist, or the hub
            cannot be reached.
    """
    commits = dict(known)
    pinned = dict(entries)
    for key, place in hub_splits(entries):
        revision = revision_of(place)
        if revision not in commits:
            commits[revision] = find_snapshot(HubRepository("dataset", *revision), key).commit
        commit = commits[revision]
        pinned[key] = entries[key].model_copy(update={"revision": commit})
        check_hub_split(replace(place, revision=commit), key)
    return pinned

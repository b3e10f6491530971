"""One commit for each data set of a recipe, so that a run reads the same data throughout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from t5tune.data.readers.hub_rows import check_hub_split
from t5tune.data.readers.hub_splits import is_folder
from t5tune.hub import HubRepository, find_snapshot
from t5tune.recipe.places import HubSplit
from t5tune.recipe.sections.data_entry import DataEntry
from t5tune.recipe.sections.data_section import DataSection

Revision = tuple[str, str | None]  # a data set, and its branch, tag or commit if one is named


def hub_splits(data: DataSection) -> Iterator[tuple[str, HubSplit]]:
    """Return the entries on the hub, by their keys in the section."""
    for split, entry in data.entries.items():
        place = entry.place
        if isinstance(place, HubSplit) and not is_folder(place.hub):
            yield split, place


def revision_of(place: HubSplit) -> Revision:
    """Return the key of a revision; entries with the same key have the same commit."""
    return place.hub, place.revision


def pin_commits(data: DataSection, known: Mapping[Revision, str]) -> DataSection:
    """Replace the revisions of hub data sets by commits, and check that all splits exist.

    A missing split is found before any other split is loaded.

    Args:
        data: Data section as the user wrote it.
        known: Commits that a run began with; they stay even if their branches have moved.

    Raises:
        T5TuneError: A data set, revision, configuration or split does not exist, or the hub
            cannot be reached.
    """
    commits = dict(known)
    pinned: dict[str, DataEntry] = {}
    for split, place in hub_splits(data):
        revision = revision_of(place)
        if revision not in commits:
            repository = HubRepository("dataset", *revision)
            commits[revision] = find_snapshot(repository, f"data.{split}").commit
        commit = commits[revision]
        pinned[split] = data.entries[split].model_copy(update={"revision": commit})
        check_hub_split(replace(place, revision=commit), f"data.{split}")
    return data.with_entries(pinned)

"""One commit for each data set of a recipe: a run reads the same data from its start to its end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from t5tune.data.readers.hub_rows import check_hub_entry
from t5tune.data.readers.hub_splits import is_folder
from t5tune.hub import HubRepository, find_snapshot
from t5tune.recipe.schema import DataEntry, DataSection

Revision = tuple[str, str | None]  # a data set, and its branch, tag or commit if one is named


def hub_entries(data: DataSection) -> Iterator[tuple[str, DataEntry]]:
    """The entries that come from the hub, by split."""
    for split in ("train", "validation", "test"):
        entry: DataEntry | None = getattr(data, split)
        if entry is not None and entry.hub is not None and not is_folder(entry.hub):
            yield split, entry


def revision_of(entry: DataEntry) -> Revision:
    """What a commit is found by; entries with the same one have the same commit."""
    assert entry.hub is not None
    return entry.hub, entry.revision


def pin_commits(data: DataSection, known: Mapping[Revision, str]) -> DataSection:
    """Put commits in the place of the revisions of hub data sets, and look at all of their splits.

    A split that is not there is found before the first of the others is loaded.

    Args:
        data: As the user wrote it.
        known: Commits that a run was begun with; they stay, wherever their branches are today.

    Raises:
        T5TuneError: There is no such data set, revision, configuration or split, or the hub
            cannot be reached.
    """
    commits = dict(known)
    pinned: dict[str, DataEntry] = {}
    for split, entry in hub_entries(data):
        revision = revision_of(entry)
        if revision not in commits:
            repository = HubRepository("dataset", *revision)
            commits[revision] = find_snapshot(repository, f"data.{split}").commit
        pinned[split] = entry.model_copy(update={"revision": commits[revision]})
        check_hub_entry(pinned[split], f"data.{split}")
    return data.model_copy(update=pinned)

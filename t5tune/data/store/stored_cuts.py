"""The cuts of a recipe: taken from the cache, or chosen from the training data and kept there."""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from typing import Any

from t5tune.console import say
from t5tune.data.readers.cuts import Cuts, choose_cuts
from t5tune.data.readers.hub_splits import is_folder
from t5tune.data.readers.open_splits import OpenSplit, describe_place
from t5tune.data.store.cut_files import cuts_directory, format_cuts, read_cuts
from t5tune.data.store.data_identity import DataIdentity, identify_training, join_identities
from t5tune.errors import T5TuneError
from t5tune.files.cache_directory import name_in_cache
from t5tune.files.writing import write_text
from t5tune.hub.snapshot import is_commit
from t5tune.recipe.places import HubSplit
from t5tune.recipe.sections.data_section import DataSection

_VERSION = 1  # of the files


class StoredCuts:
    """The cuts of a recipe, found once for all its splits.

    Args:
        data: Data section of the recipe.
        source_lang: Source language of the recipe.
        target_lang: Target language of the recipe.
    """

    def __init__(self, data: DataSection, source_lang: str | None, target_lang: str | None) -> None:
        self._data = data
        self._languages = source_lang, target_lang
        self._found: Cuts | None = None

    @cached_property
    def identities(self) -> dict[str, DataIdentity]:
        """Identities of the training entries, by their keys, with the cuts."""
        return identify_training(self._data, *self._languages)

    @property
    def identity(self) -> DataIdentity:
        """Identity of all training data, with its cuts."""
        return join_identities(self.identities.values())

    def find(self, train: OpenSplit) -> Cuts:
        """Return the cuts; the first call reads them, or the training data.

        Args:
            train: Training data with everything that is cut from it.

        Raises:
            T5TuneError: The training data cannot be read, changes meanwhile, or is too small.
        """
        if self._found is None:
            self._found = self._read_or_choose(train)
            for split in self._data.cuts:
                say(
                    f"data: {len(self._found.examples[split]):,} of "
                    f"{self._found.num_examples:,} examples of data.train are {split}"
                )
        return self._found

    def _read_or_choose(self, train: OpenSplit) -> Cuts:
        key = self._key()
        if key is None:
            return choose_cuts(train, self._data.cuts)
        path = cuts_directory() / f"{name_in_cache(key)}.jsonl"
        found = read_cuts(path, key)
        if found is None:
            found = choose_cuts(train, self._data.cuts)
            self.identity.check_unchanged()
            with suppress(T5TuneError):  # it can be chosen again
                write_text(path, format_cuts(key, describe_place(train.place), found))
        return found

    def _key(self) -> dict[str, Any] | None:
        """Return what decides the cuts, as JSON values; None where it is not known."""
        for entry in self._data.training_entries.values():
            place = entry.place
            is_on_hub = isinstance(place, HubSplit) and not is_folder(place.hub)
            if is_on_hub and not is_commit(entry.revision or ""):
                return None
        key: dict[str, Any] = {"version": _VERSION, "data": self.identity.values}
        if self._data.is_streamed:  # then the identity has nothing of the content
            key["states"] = [list(state) for state in self.identity.states.values()]
        return key

"""The cuts of a recipe: taken from the cache, or chosen from the training data and kept there.

A file of cuts has the digest of all that follows in its first line, a header in the second one,
and then an example in each line. It appears complete or not at all; of two runs that write the
same one, the last one stays.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from xxhash import xxh3_128_hexdigest

from t5tune.console import say
from t5tune.data.readers.cuts import Cuts, choose_cuts
from t5tune.data.readers.hub_splits import is_folder
from t5tune.data.readers.open_splits import Example, OpenSplit, describe_place
from t5tune.data.store.data_identity import DataIdentity, identify_training, join_identities
from t5tune.errors import T5TuneError
from t5tune.files.cache_directory import mark_used, name_in_cache, user_cache_directory
from t5tune.files.json_values import as_count, as_object, parse_json
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
        found = _read(path, key)
        if found is None:
            found = choose_cuts(train, self._data.cuts)
            self.identity.check_unchanged()
            with suppress(T5TuneError):  # it can be chosen again
                write_text(path, _format(key, describe_place(train.place), found))
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


def cuts_directory() -> Path:
    """Return the directory of all cuts of this user."""
    return user_cache_directory() / "cuts"


def read_origin(path: Path) -> tuple[str, int] | None:
    """Return the place that cuts are from and the number of their examples; None if damaged."""
    try:
        with path.open(encoding="utf-8") as stream:
            header = as_object(parse_json("".join(islice(stream, 1, 2))))
    except (OSError, ValueError):
        return None
    sizes = [as_count(size) for size in as_object(header.get("sizes")).values()]
    if not isinstance(header.get("origin"), str) or None in sizes:
        return None
    return header["origin"], sum(filter(None, sizes))


def _format(key: dict[str, Any], origin: str, cuts: Cuts) -> str:
    header = {
        "key": key,
        "origin": origin,
        "num_examples": cuts.num_examples,
        "sizes": {split: len(examples) for split, examples in cuts.examples.items()},
    }
    rows: list[Any] = [header, *(one for examples in cuts.examples.values() for one in examples)]
    text = "".join(f"{json.dumps(row)}\n" for row in rows)
    return f"{xxh3_128_hexdigest(text.encode())}\n{text}"


def _read(path: Path, key: dict[str, Any]) -> Cuts | None:
    """Return the cuts in a file; None if it is missing or not what was written."""
    try:
        digest, _, content = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    if digest.decode(errors="replace") != xxh3_128_hexdigest(content):
        say(f"{path} is damaged; the splits are cut again")
        return None
    header, *rows = map(json.loads, content.splitlines())
    if header["key"] != key:
        return None
    mark_used(path)
    examples: Iterator[Example] = (Example(*row) for row in rows)
    sizes = header["sizes"].items()
    return Cuts(header["num_examples"], {name: list(islice(examples, n)) for name, n in sizes})

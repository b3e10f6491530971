"""The identity of training data: what decides its examples, without reading them as such."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from t5tune.console import track
from t5tune.data.cleaning.cleaner import identify_cleaning
from t5tune.data.readers.cuts import CHOICE
from t5tune.data.readers.hub_splits import is_folder
from t5tune.data.readers.local_files import place_files
from t5tune.data.readers.sacrebleu_sets import Languages, find_set_files
from t5tune.errors import T5TuneError
from t5tune.files.cache_directory import name_in_cache
from t5tune.files.compression import refuse_file
from t5tune.files.hashing import digest_file
from t5tune.recipe.places import FILE_KEYS, HubSplit, Place, SacrebleuSet
from t5tune.recipe.sections.data_section import DataSection
from t5tune.recipe.sections.mixed_entry import MIXING_KEYS
from t5tune.run.directory import display_path

# Keys of an entry that decide nothing, or that the identity has in another form.
_LEFT_OUT = {*FILE_KEYS, *MIXING_KEYS, "prefix"}


@dataclass(frozen=True)
class DataIdentity:
    """Identity of a split.

    Attributes:
        values: JSON values that are equal only for the same examples in the same order.
        states: Size and times of each local file when its content was looked at.
    """

    values: dict[str, Any]
    states: dict[Path, tuple[int, ...]]

    def place_key(self) -> str:
        """Return a digest of the examples together with the names of their files."""
        return name_in_cache([self.values, *map(display_path, self.states)])

    def check_unchanged(self) -> None:
        """Check that no file has changed since.

        Raises:
            T5TuneError: A file was written while it was read.
        """
        for path, state in self.states.items():
            if _state(path) != state:
                raise T5TuneError(
                    f"{display_path(path)} changed while it was read.",
                    next_command="the same command when nothing writes to that file",
                )


def identify_data(
    data: DataSection, split: str, source_lang: str | None, target_lang: str | None
) -> DataIdentity:
    """Return the identity of a split whose hub data set, if any, has a commit as its revision.

    Local files are read for it, in a second or so for each gigabyte; their names decide nothing.
    Of data that is streamed only the sizes of files count.

    Raises:
        T5TuneError: A file cannot be read.
    """
    entry = data.entries[split]
    languages = source_lang, target_lang
    written = data.written_languages(split, languages)
    paths = _local_files(entry.place, written, f"data.{split}")
    states = {path: _state(path) for path in paths}
    with track(f"looking for data.{split} in the cache"):
        contents = [
            [path.suffix, states[path][0] if entry.streaming else _digest(path)] for path in paths
        ]
    values: dict[str, Any] = {
        "entry": entry.model_dump(mode="json", exclude=_LEFT_OUT, exclude_defaults=True),
        "source": data.source,
        "target": data.target,
        "languages": list(written),
        "contents": contents,
    }
    if data.denoise is not None:
        values["is_text"] = True
    if split in data.training_entries:
        values |= identify_cleaning(data.cleaning_of(split))
        if data.normalization:
            values["normalization"] = data.normalization
    if written != data.languages_of(split, languages):
        values["is_reversed"] = True
    if split in data.training_entries and data.cuts:
        cuts = {name: asdict(cut) for name, cut in data.cuts.items()}
        values["cuts"] = {"choice": CHOICE, **cuts}
    return DataIdentity(values, states)


def identify_training(
    data: DataSection, source_lang: str | None, target_lang: str | None
) -> dict[str, DataIdentity]:
    """Return the identity of each training entry, by its key; see `identify_data`."""
    languages, origins = (source_lang, target_lang), data.origins
    distinct = dict.fromkeys(origins.values())
    found = {key: identify_data(data, key, *languages) for key in distinct}
    if len(found) > 1 and data.cuts:  # what is cut from one depends on all
        every = [one.values for one in found.values()]
        found = {
            key: replace(one, values={**one.values, "mixture": every}) for key, one in found.items()
        }
    return {key: found[origin] for key, origin in origins.items()}


def join_identities(identities: Iterable[DataIdentity]) -> DataIdentity:
    """Return the identity of a mixture."""
    first, *others = {id(one): one for one in identities}.values()
    if not others:
        return first
    values = {"mixture": [one.values for one in (first, *others)]}
    return DataIdentity(values, {p: s for one in (first, *others) for p, s in one.states.items()})


def _local_files(place: Place, languages: Languages, where: str) -> list[Path]:
    if isinstance(place, SacrebleuSet):
        return find_set_files(place, languages, where)
    if isinstance(place, HubSplit) and is_folder(place.hub):
        return _files_below(Path(place.hub).expanduser())
    named = place_files(place, where)
    return [file for path in named for file in (_files_below(path) if path.is_dir() else [path])]


def _files_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _state(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError as error:
        raise refuse_file(path, error) from error
    return found.st_size, found.st_mtime_ns, found.st_ino


def _digest(path: Path) -> str:
    try:
        return digest_file(path)
    except OSError as error:
        raise refuse_file(path, error) from error

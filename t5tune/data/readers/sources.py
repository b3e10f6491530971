"""Sources of examples: hub data sets and local files, read as exact text, in chunks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from t5tune.console import say, track
from t5tune.data.readers.cuts import leave_out, open_cut
from t5tune.data.readers.hub_rows import open_hub_table, stream_hub_table
from t5tune.data.readers.local_files import find_files
from t5tune.data.readers.open_splits import (
    Example,
    OpenSplit,
    Request,
    hold_examples,
    join_splits,
    naming_key,
    reverse_split,
)
from t5tune.data.readers.sacrebleu_sets import open_sacrebleu_set
from t5tune.data.readers.table_examples import open_tables
from t5tune.data.readers.tables import file_options, find_format, open_table
from t5tune.data.readers.text_pairs import open_text_pair
from t5tune.data.store.stored_cuts import StoredCuts
from t5tune.errors import T5TuneError
from t5tune.recipe.places import (
    CutSplit,
    HubSplit,
    Place,
    SacrebleuSet,
    TableFile,
    TextPair,
    as_names,
)
from t5tune.recipe.sections.data_entry import DataEntry
from t5tune.recipe.sections.data_section import DataSection
from t5tune.run.directory import display_path


def open_split(
    data: DataSection,
    split: str,
    source_lang: str | None = None,
    target_lang: str | None = None,
    cuts: StoredCuts | None = None,
    held: HeldEntries | None = None,
) -> OpenSplit:
    """Open one split; one that is cut from the training data is read at once.

    Args:
        data: Data section of the recipe.
        split: Name of the split.
        source_lang: Key of the source in `translation` columns.
        target_lang: Key of the target in `translation` columns.
        cuts: Cuts of the recipe, where several of its splits are opened.
        held: Entries that others are cut from, where they are small enough to be held.

    Raises:
        T5TuneError: There is no such split, the file or the hub cannot be read, a column is
            missing, or source and target have different lengths.
    """
    given, split = split, data.key_of(split)
    entry = data.entries.get(split)
    if entry is None:
        *others, last = data.entries
        raise T5TuneError(
            f"the recipe has no split {given}; it has {', '.join(others)} and {last}.",
            next_command=f"t5tune eval --split {last}",
        )
    languages, columns = (source_lang, target_lang), (data.source, data.target)
    place, is_text = entry.place, data.denoise is not None
    if not data.cuts or not (split in data.training_entries or isinstance(place, CutSplit)):
        written = data.written_languages(split, languages)
        opened = open_entry(f"data.{split}", entry, written, columns, is_text=is_text)
        is_reversed = written != data.languages_of(split, languages)
        return reverse_split(opened) if is_reversed else opened
    open_uncut = open_entry if held is None else held.open
    uncut = {
        key: open_uncut(f"data.{key}", data.entries[key], languages, columns, is_text=is_text)
        for key in dict.fromkeys(data.origins.values())
    }
    every = list(uncut.values())
    train = join_splits("data.train", every) if len(every) > 1 else every[0]
    found = (cuts or StoredCuts(data, *languages)).find(train)
    if isinstance(place, CutSplit):
        return open_cut(train, split, place, found)
    return leave_out(uncut[data.origins[split]], found, is_part=len(every) > 1)


def open_entry(
    where: str,
    entry: DataEntry,
    languages: tuple[str | None, str | None],
    columns: tuple[str | None, str | None] = (None, None),
    *,
    is_text: bool = False,
) -> OpenSplit:
    """Open one entry that is not cut from another one.

    Args:
        where: Key of the entry in the recipe.
        entry: Where the examples are.
        languages: Languages of source and target.
        columns: Columns of source and target, where the entry names none.
        is_text: Whether it holds plain text, which is source and target of an example.

    Raises:
        T5TuneError: As `open_split` does.
    """
    request = Request(
        where,
        entry.max_examples,
        languages,
        (entry.source or columns[0], entry.target or columns[1]),
        entry.references or [],
        entry.on_bad_row == "skip",
        bool(entry.streaming),
        is_text,
    )
    place = entry.place
    with track(f"opening {request.where}"), naming_key(request.where, place):
        split = _OPENING[type(place)](place, request)

    def read() -> Iterator[Example]:
        with naming_key(request.where, place):
            yield from split.read()

    return replace(split, read=read)


class HeldEntries:
    """Entries that are opened and read once, however often their examples are needed.

    The examples stay in memory.
    """

    def __init__(self) -> None:
        self._opened: dict[str, OpenSplit] = {}

    def open(
        self,
        where: str,
        entry: DataEntry,
        languages: tuple[str | None, str | None],
        columns: tuple[str | None, str | None],
        *,
        is_text: bool,
    ) -> OpenSplit:
        """Open an entry as `open_entry` does, unless it is open."""
        if where not in self._opened:
            opened = open_entry(where, entry, languages, columns, is_text=is_text)
            self._opened[where] = hold_examples(opened)
        return self._opened[where]


def load_split(
    data: DataSection,
    split: str,
    source_lang: str | None = None,
    target_lang: str | None = None,
    cuts: StoredCuts | None = None,
) -> list[Example]:
    """Read a split that fits into memory. See `open_split` and `OpenSplit.chunks`."""
    return read_all(open_split(data, split, source_lang, target_lang, cuts))


def read_all(split: OpenSplit) -> list[Example]:
    """Read all examples of an open split, and say what was noticed."""
    examples = [example for chunk in split.chunks() for example in chunk]
    for sentence in split.describe_readings():
        say(f"{split.where}: {sentence}")
    return examples


def _open_hub_split(place: HubSplit, request: Request) -> OpenSplit:
    say(
        f"data: {'streaming' if request.streaming else 'loading'} {place} from the hub or its cache"
    )
    if request.streaming:
        table = stream_hub_table(place, request.where)
    else:
        table = open_hub_table(place, request.limit, request.where)
    return open_tables([table], place, request)


def _open_table_files(place: TableFile, request: Request) -> OpenSplit:
    options = file_options(place, request.columns, request.languages)
    tables = []
    for path in find_files(as_names(place.file), request.where, "file"):
        kind = place.format or find_format(path, request.where)
        tables.append(open_table(Path(display_path(path)), kind, options, request.where))
    return open_tables(tables, place, request)


# Functions that open a place.
_OPENING: dict[type[Place], Callable[[Any, Request], OpenSplit]] = {
    HubSplit: _open_hub_split,
    SacrebleuSet: open_sacrebleu_set,
    TableFile: _open_table_files,
    TextPair: open_text_pair,
}

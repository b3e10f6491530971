"""Sources of examples: hub data sets and local files, read as exact text.

Every reader returns a `datasets.Dataset` with the columns `source` (string), `target`
(string) and `references` (list of strings, the target first).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t5tune.console import say, track
from t5tune.data.columns import ColumnReader, guess_columns
from t5tune.data.readers.file_check import find_file
from t5tune.data.readers.hub_rows import open_hub_table
from t5tune.data.readers.tables import find_format, open_table
from t5tune.errors import T5TuneError
from t5tune.files.table import Table
from t5tune.files.text_files import read_lines
from t5tune.recipe.places import HubSplit, Place, TableFile, TextPair
from t5tune.recipe.schema import DataSection
from t5tune.run.directory import display_path

if TYPE_CHECKING:
    from datasets import Dataset

_ROWS_BETWEEN_SIGNS = 1000


def load_split(
    data: DataSection,
    split: str,
    source_lang: str | None = None,
    target_lang: str | None = None,
) -> Dataset:
    """Read one split.

    Args:
        data: Data section of the recipe.
        split: Name of the split.
        source_lang: Key of the source in `translation` columns.
        target_lang: Key of the target in `translation` columns.

    Returns:
        A data set with the columns `source`, `target`, `references`.

    Raises:
        T5TuneError: There is no such split, the file or the hub cannot be read, a column is
            missing, source and target have different lengths, or there is no example.
    """
    from datasets import Dataset

    entry = data.entries.get(split)
    if entry is None:
        *others, last = data.entries
        raise T5TuneError(
            f"the recipe has no split {split}; it has {', '.join(others)} and {last}.",
            next_command=f"t5tune eval --split {last}",
        )
    where = f"data.{split}"
    place = entry.place
    if isinstance(place, TextPair):
        with track(f"reading {where}"):
            dataset = Dataset.from_dict(_read_text_pair(place, entry.max_examples, where))
    else:
        with track(f"reading {where}"):
            table = _OPENING[type(place)](place, entry.max_examples, where)
        languages = (source_lang, target_lang)
        names = guess_columns(
            entry.source or data.source,
            entry.target or data.target,
            table.columns,
            languages,
            table.place,
            where,
        )
        reader = ColumnReader(*names, entry.references or [], table)
        dataset = Dataset.from_dict(_read_rows(table, reader, entry.max_examples, where))
    if len(dataset) == 0:
        raise T5TuneError(
            f"{where}: {describe_place(place)} holds no example.",
            next_command="put data there, or point the recipe at another file or split",
        )
    return dataset


def describe_place(place: Place) -> str:
    """Return a place in words, for messages."""
    return display_path(place.files[0]) if place.files else str(place)


def _read_text_pair(pair: TextPair, limit: int | None, where: str) -> dict[str, list[Any]]:
    """Read the lines of parallel files; references may come from further files."""
    sources = read_lines(find_file(pair.source_file, where, "source_file"))
    files = [pair.target_file, *pair.references]
    keys = ["target_file", *["references"] * len(pair.references)]
    columns = []
    for path, key in zip(files, keys, strict=True):
        lines = read_lines(find_file(path, where, key))
        if len(lines) != len(sources):
            first, second = display_path(pair.source_file), display_path(path)
            raise T5TuneError(
                f"{where}: {first} has {len(sources)} lines and {second} has {len(lines)}; "
                "line n of one must be the translation of line n of the other.",
                next_command=f"wc -l {first} {second}",
            )
        columns.append(lines)
    rows = list(zip(*columns, strict=True))[:limit]
    return {
        "source": sources[:limit],
        "target": [row[0] for row in rows],
        "references": [list(row) for row in rows],
    }


def _open_hub_split(place: HubSplit, limit: int | None, where: str) -> Table:
    say(f"data: loading {place} from the hub or its cache")
    return open_hub_table(place, limit, where)


def _open_table_file(place: TableFile, _limit: int | None, where: str) -> Table:
    path = find_file(place.file, where, "file")
    kind = place.format or find_format(path, where)
    path = Path(display_path(path))
    return open_table(path, kind, place.columns, where)


# Functions that open the rows of a place, up to a number of them, for a key of the recipe. A pair
# of text files has no columns from which a recipe could choose.
_OPENING: dict[type[Place], Callable[[Any, int | None, str], Table]] = {
    HubSplit: _open_hub_split,
    TableFile: _open_table_file,
}


def _read_rows(
    table: Table, reader: ColumnReader, limit: int | None, where: str
) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {"source": [], "target": [], "references": []}
    total = table.num_rows if limit is None else min(limit, table.num_rows or limit)
    with track(f"reading {where}", total, f"{table.unit}s") as advance:
        for number, row in islice(table.rows(), limit):
            source, references = reader.read(row, number)
            columns["source"].append(source)
            columns["target"].append(references[0])
            columns["references"].append(references)
            if len(columns["source"]) % _ROWS_BETWEEN_SIGNS == 0:
                advance(_ROWS_BETWEEN_SIGNS)
    for sentence in reader.describe_readings():
        say(f"{where}: {sentence}")
    return columns

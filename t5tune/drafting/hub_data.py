"""A data set on the hub, or a local folder that is laid out like one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from t5tune.data.readers.hub_parquet import count_rows
from t5tune.data.readers.hub_rows import open_hub_table
from t5tune.data.readers.hub_splits import find_splits
from t5tune.drafting.column_survey import MOST_ROWS
from t5tune.drafting.split_names import name_splits
from t5tune.errors import T5TuneError
from t5tune.files.table import Table
from t5tune.hub import HubRepository
from t5tune.recipe.places import HubSplit

_SMALL = 50_000_000  # bytes of a split that is read as a whole, as training will


@dataclass(frozen=True)
class HubData:
    """What a data set has.

    Attributes:
        title: Name for people.
        entries: Keys of the data entries by split.
        reasons: Sentences about keys.
        table: The first rows of the training data, or all of them.
        num_rows: Number of all training rows, if it is known.
        most_rows: Number of rows that are read; None for all.
    """

    title: str
    entries: dict[str, dict[str, Any]]
    reasons: dict[str, str]
    table: Table
    num_rows: int | None
    most_rows: int | None


def open_hub_data(name: str, config: str | None) -> HubData:
    """Find the splits of a data set, and open the first rows of its training data.

    Raises:
        T5TuneError: There is no such data set, it has several configurations, or the hub cannot be
            reached.
    """
    try:
        snapshot, found = find_splits(HubRepository("dataset", name), config, "data.train")
    except T5TuneError as error:
        raise _in_words_of_init(error) from error
    names = name_splits(list(found.splits))
    shared = {"hub": name} | ({"config": config} if config is not None else {})
    entries = {split: {**shared, "split": its_name} for split, its_name in names.items()}
    sizes = [snapshot.files.get(path) for path in found.splits[names["train"]]]
    total = None if None in sizes else sum(filter(None, sizes))
    most = None if total is not None and total <= _SMALL else MOST_ROWS
    table = open_hub_table(HubSplit(**entries["train"]), most, "data.train")
    num_rows = table.num_rows
    if most is not None:
        paths = found.splits[names["train"]]
        is_parquet = found.format == "parquet"  # whose ends tell their numbers of rows
        num_rows = sum(count_rows(snapshot, path) for path in paths) if is_parquet else None
    reasons = {
        f"data.{split}": f"the data set's own split {its_name}"
        for split, its_name in names.items()
        if split != "train"
    }
    return HubData(f"the data set {name}", entries, reasons, table, num_rows, most)


def _in_words_of_init(error: T5TuneError) -> T5TuneError:
    """Return an error about a recipe as one about the command."""
    message = error.message.removeprefix("data.train.config: ").removeprefix("data.train: ")
    message = message.replace(", and the recipe names none of them", "")
    command = (error.next_command or "").replace("data.train.config=", "--config ")
    return T5TuneError(message, next_command=command)

"""The data that a user names: a table, two parallel text files, or a data set on the hub."""

from __future__ import annotations

import glob
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from t5tune.data.readers.sources import open_entry
from t5tune.data.readers.tables import open_table
from t5tune.drafting.column_survey import Survey, survey_table
from t5tune.drafting.hub_data import open_hub_data
from t5tune.drafting.language_names import read_language
from t5tune.drafting.split_names import TEST, VALIDATION, name_splits
from t5tune.drafting.table_settings import TableSettings, find_lines, find_settings
from t5tune.drafting.wishes import Wishes
from t5tune.errors import T5TuneError, did_you_mean
from t5tune.files.compression import strip_compression
from t5tune.files.encodings import is_text_encoding
from t5tune.files.file_format import FileOptions
from t5tune.files.formats import FORMATS, format_of_ending
from t5tune.files.json_values import read_object
from t5tune.files.saved_datasets import is_saved_dataset
from t5tune.files.table import Row, Table
from t5tune.recipe.sections.data_entry import DataEntry
from t5tune.run.directory import display_path

_TRAIN = re.compile(r"(?<![a-z])(train(?:ing)?)(?![a-z])", re.IGNORECASE)
_ENCODINGS = ("utf-8", "utf-16", "cp1252", "cp1251", "cp1250", "cp932", "gb18030", "latin-1")
_GENERIC = {"data", "all", "src", "source", "tgt", "target", ""}


@dataclass
class GivenData:
    """What was named, and how it is read.

    Attributes:
        title: Name for people.
        stem: Beginning of a recipe's name.
        entries: Keys of the data entries by split; `train` is always there.
        survey: What the first rows of the training data hold.
        reasons: Sentences about keys, by their paths.
        languages: Languages of a file that has texts in several, as it names them.
        is_parallel: Whether it is two files, one for each side.
        num_rows: Number of training examples, if it is known without reading all of them.
        most_rows: Number of rows that are read to count; None for all.
    """

    title: str
    stem: str
    entries: dict[str, dict[str, Any]]
    survey: Survey
    reasons: dict[str, str] = field(default_factory=dict)
    languages: Sequence[str] = ()
    is_parallel: bool = False
    num_rows: int | None = None
    most_rows: int | None = None

    def turned(self) -> GivenData:
        """Return the data with the second of two files as that of the sources."""
        if not self.is_parallel:
            return self
        sides = {"source_file": "target_file", "target_file": "source_file"}
        entries = {
            split: {**entry, **{key: entry[other] for key, other in sides.items()}}
            for split, entry in self.entries.items()
        }
        return replace(self, entries=entries)


def open_given(wishes: Wishes) -> GivenData:
    """Find out what the user's words name, and look at its first rows.

    Raises:
        T5TuneError: Nothing has such a name, or it cannot be read.
    """
    names = wishes.names
    _check_encoding(wishes.encoding)
    if len(names) > 2:
        raise T5TuneError(
            f"{len(names)} files are named; examples come from one table or two parallel texts.",
            next_command="t5tune init SOURCES.en TARGETS.de, or t5tune init TABLE.csv",
        )
    paths = [Path(name).expanduser() for name in names]
    if len(paths) == 2:
        return _open_pair(paths, wishes)
    (path,) = paths
    if path.is_file() or is_saved_dataset(path):
        return _open_file(path, wishes)
    if path.is_dir() and not _holds_data(path):
        raise T5TuneError(
            f"{display_path(path)} is a directory without data.",
            next_command=f"ls {shlex.quote(display_path(path))}   # then: t5tune init FILE",
        )
    if path.is_dir() or _may_be_on_hub(names[0]):
        return _open_hub(names[0], wishes)
    raise _refuse_missing(path, names[0])


def _check_encoding(name: str | None) -> None:
    if name is not None and not is_text_encoding(name):
        raise T5TuneError(
            f"--encoding: no encoding is called {name}{did_you_mean(name, _ENCODINGS)}",
            next_command="the same command with --encoding cp1252   # for example",
        )


def _refuse_missing(path: Path, name: str) -> T5TuneError:
    if "://" in name:
        return T5TuneError(
            f"{name} is an address, and data are read from files.",
            next_command=f"curl -LO {shlex.quote(name)}   # then: t5tune init FILE",
        )
    if path.exists() and not path.is_dir():
        return T5TuneError(
            f"{display_path(path)} is not a regular file, and data are read more than once.",
            next_command=f"cat {shlex.quote(display_path(path))} > FILE.tsv   "
            "# then: t5tune init FILE.tsv",
        )
    there = [one.name for one in path.parent.iterdir()] if path.parent.is_dir() else []
    return T5TuneError(
        f"{display_path(path)} is not there{did_you_mean(path.name, there)}",
        next_command=f"ls {shlex.quote(display_path(path.parent))}   # then: t5tune init FILE",
    )


def _holds_data(directory: Path) -> bool:
    """Return whether a directory could be laid out like a data set on the hub."""
    names = [path.name for path in directory.iterdir() if path.is_file()]
    endings = (strip_compression(Path(name)).suffix for name in names)
    return "README.md" in names or any(map(format_of_ending, filter(None, endings)))


def _may_be_on_hub(name: str) -> bool:
    from t5tune.hub.repository import is_repository_name

    has_ending = format_of_ending(strip_compression(Path(name)).suffix) is not None
    return name.count("/") == 1 and not has_ending and is_repository_name(name)


def _open_hub(name: str, wishes: Wishes) -> GivenData:
    found = open_hub_data(name, wishes.config)
    return GivenData(
        found.title,
        re.sub(r"[^A-Za-z0-9._-]+", "-", Path(name).name).strip("-._") or "hub",
        found.entries,
        survey_table(found.table),
        found.reasons,
        num_rows=found.num_rows,
        most_rows=found.most_rows,
    )


def _open_file(path: Path, wishes: Wishes) -> GivenData:
    settings = TableSettings("text")
    if read_language(strip_compression(path).suffix.removeprefix(".")) is None:  # as of train.en
        settings = find_settings(path, wishes.encoding, has_header=wishes.has_header)
    if settings.kind == "text":
        raise _refuse_single(path)
    if path.is_dir() and (splits := _saved_splits(path)):
        return _open_saved(path, splits)
    entry = {"file": str(path), **settings.keys}
    languages = _find_languages(path, settings.kind)
    given = GivenData(
        display_path(path),
        _name_stem(path),
        {"train": entry},
        survey_table(_open(path, settings, languages, wishes)),
        {f"data.train.{key}": reason for key, reason in settings.reasons.items()},
        languages,
    )
    _add_siblings(given, [path])
    return given


def _saved_splits(path: Path) -> list[str]:
    """Return the splits of a directory of `save_to_disk`; none if it has only one."""
    names = read_object(path / "dataset_dict.json").get("splits")
    return [str(name) for name in names] if isinstance(names, list) else []


def _open_saved(path: Path, splits: Sequence[str]) -> GivenData:
    names = name_splits(splits)
    options = FileOptions(split=names["train"])
    table = open_table(Path(display_path(path)), "arrow", options, "data.train")
    return GivenData(
        display_path(path),
        _name_stem(path),
        {split: {"file": str(path), "split": name} for split, name in names.items()},
        survey_table(table),
        {f"data.{split}": f"the split {name}" for split, name in names.items()},
    )


def _open(path: Path, settings: TableSettings, languages: Sequence[str], wishes: Wishes) -> Table:
    keys = settings.keys
    pair: tuple[str | None, str | None] = wishes.source_lang, wishes.target_lang
    if len(languages) > 1 and None in pair:
        pair = languages[0], languages[1]
    options = FileOptions(
        keys.get("columns"),
        keys.get("delimiter"),
        keys.get("encoding"),
        skip_rows=keys.get("skip_rows"),
        languages=pair,
    )
    return open_table(Path(display_path(path)), settings.kind, options, "data.train")


def _find_languages(path: Path, kind: str) -> Sequence[str]:
    find = FORMATS[kind].find_languages
    return () if find is None else find(Path(display_path(path)))


def _refuse_single(path: Path) -> T5TuneError:
    name = shlex.quote(display_path(path))
    others = sorted(path.parent.glob(f"{glob.escape(path.stem)}.*"))
    partners = [other for other in others if read_language(other.suffix[1:]) and other != path]
    other = shlex.quote(display_path(partners[0])) if partners else "OTHER_FILE"
    return T5TuneError(
        f"{display_path(path)} has one text on each line, and an example has two.",
        next_command=f"t5tune init {name} {other}   # line n of one file belongs to line n of "
        "the other",
    )


def _open_pair(paths: Sequence[Path], wishes: Wishes) -> GivenData:
    for path, name in zip(paths, wishes.names, strict=True):
        if not path.is_file():
            raise _refuse_missing(path, name)
    settings = [_find_lines(path, wishes.encoding) for path in paths]
    encodings = [one.keys.get("encoding") for one in settings]
    if encodings[0] != encodings[1]:
        first, second = (
            f"{display_path(path)} is {encoding or 'UTF-8'}"
            for path, encoding in zip(paths, encodings, strict=True)
        )
        raise T5TuneError(
            f"{first}, and {second}; one `encoding` is for both files.",
            next_command=f"iconv -f {encodings[0] or encodings[1]} -t UTF-8 FILE > FILE.utf8   "
            "# of the one that is not UTF-8",
        )
    entry: dict[str, Any] = {"source_file": str(paths[0]), "target_file": str(paths[1])}
    if encodings[0] is not None:
        entry["encoding"] = encodings[0]
    opened = open_entry("data.train", DataEntry.model_validate(entry), (None, None))
    names = _name_sides(paths)

    def rows() -> Iterator[tuple[int, Row]]:
        for number, example in enumerate(opened.read(), start=1):
            yield number, dict(zip(names, (example.source, example.references[0]), strict=True))

    given = GivenData(
        " and ".join(map(display_path, paths)),
        _name_stem(paths[0]),
        {"train": entry},
        survey_table(Table(str(paths[0]), list(names), rows, "line", opened.num_rows)),
        {f"data.train.{key}": reason for key, reason in settings[0].reasons.items()},
        is_parallel=True,
    )
    _add_siblings(given, paths)
    return given


def _find_lines(path: Path, encoding: str | None) -> TableSettings:
    known = format_of_ending(strip_compression(path).suffix)
    if known is not None and known.name != "text":
        raise T5TuneError(
            f"{display_path(path)} is a table, and of two files each has one text on a line.",
            next_command=f"t5tune init {shlex.quote(display_path(path))}",
        )
    return find_lines(path, encoding)


def _name_sides(paths: Sequence[Path]) -> tuple[str, str]:
    """Return names for the two sides: languages, if the names of the files tell them."""
    found = []
    for path in paths:
        parts = strip_compression(path).name.removesuffix(".txt").split(".")
        found.append(read_language(parts[-1]) or read_language(parts[0]))
    first, second = found
    return (first, second) if first and second and first != second else ("source", "target")


def _name_stem(path: Path) -> str:
    """Return the beginning of a recipe's name: that of the directory, if the file says nothing."""
    name = _TRAIN.sub("", strip_compression(path).name.split(".")[0]).strip("-_")
    if name.casefold() in _GENERIC:
        parent = path.resolve().parent.name
        name = parent if parent not in ("", "data", "tmp") else "mine"
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-._") or "recipe"


def _add_siblings(given: GivenData, paths: Sequence[Path]) -> None:
    """Add validation and test sets that lie beside a training set and are named like it."""
    for split, words in (("validation", VALIDATION), ("test", TEST)):
        found = next(filter(None, (_find_siblings(paths, word) for word in words)), None)
        if found is None:
            continue
        files = dict(zip(("source_file", "target_file"), map(str, found), strict=False))
        entry = {
            **given.entries["train"],
            **(files if given.is_parallel else {"file": str(found[0])}),
        }
        given.entries[split] = entry
        names = " and ".join(map(display_path, found))
        given.reasons[f"data.{split}"] = f"{names}, beside the training data"


def _find_siblings(paths: Sequence[Path], word: str) -> list[Path] | None:
    """Return the files with another word in place of `train`; None if one is missing."""
    found = [path.with_name(_TRAIN.sub(word, path.name)) for path in paths]
    is_other = all(path.name != other.name for path, other in zip(paths, found, strict=True))
    return found if is_other and all(path.is_file() for path in found) else None

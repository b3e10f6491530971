"""What a recipe has to say about the inside of a table: format, encoding, delimiter, header."""

from __future__ import annotations

import csv
import io
import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from t5tune.drafting.guessed_encoding import USUAL, guess_encoding, refuse_unknown
from t5tune.drafting.headings import count_titles, judge_first_row, names_alike
from t5tune.errors import T5TuneError
from t5tune.files.compression import strip_compression
from t5tune.files.file_format import FileOptions
from t5tune.files.formats import FORMATS, format_of_ending
from t5tune.files.recognition import find_pointer
from t5tune.files.table import BadRow
from t5tune.files.text_files import read_start, refuse_binary
from t5tune.files.text_streams import open_text
from t5tune.files.wrong_setting import WrongSetting
from t5tune.run.directory import display_path

_OTHER_SPREADSHEETS = (".numbers", ".xlsb")
_DELIMITERS = {"\t": "a tab", ",": "a comma", ";": "a semicolon", "|": "a vertical bar"}
_FORMATS = ("csv", "tsv")
_SHEET = "spreadsheet"
_USUAL = {"csv": ",", "tsv": "\t"}
_MOST_CHARACTERS = 1_000_000  # of a file, that are looked at
_MOST_ROWS = 500
_MOST_SINGLE = 0.9  # share of the lines without a tab, where a tab is chance
_SOME_QUOTED, _MANY_QUOTED = 0.005, 0.2  # shares of rows with cells in quotation marks


@dataclass
class TableSettings:
    """The keys of a data entry that a file needs, each with its reason.

    Attributes:
        kind: Name of the format.
        keys: Keys of the entry: `format`, `delimiter`, `encoding`, `columns`.
        reasons: Sentences about them, by key.
    """

    kind: str
    keys: dict[str, Any] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def add(self, key: str, value: Any, reason: str) -> None:
        """Note a key."""
        self.keys[key] = value
        self.reasons[key] = reason


def find_settings(
    path: Path, encoding: str | None = None, *, has_header: bool | None = None
) -> TableSettings:
    """Find out how a file has to be read.

    Args:
        path: Path of an existing file, or a directory that a data set was saved to.
        encoding: Its encoding, if the user says so.
        has_header: Whether its first row has the names of columns, if the user says so.

    Raises:
        T5TuneError: It is not a table, it is empty, or it cannot be read.
    """
    if path.is_dir():
        return TableSettings("arrow")
    _refuse_others(path)
    ending = strip_compression(path).suffix.lower()
    known = format_of_ending(ending)
    if known is not None and known.name not in (*_FORMATS, "text"):
        settings = TableSettings(known.name)
        if "encoding" in known.options:
            _find_encoding(path, encoding, settings)
        if known.name == _SHEET:
            _find_sheet_header(path, settings, has_header=has_header)
        return settings
    settings = TableSettings(known.name if known is not None else "")
    _find_encoding(path, encoding, settings)
    beginning = _read_beginning(path, settings.keys.get("encoding"))
    if not beginning.strip():
        raise T5TuneError(
            f"{display_path(path)} is empty.",
            next_command="t5tune init FILE   # with pairs of texts",
        )
    if not settings.kind:
        _recognize(beginning, ending, settings)
    if settings.kind in (*_FORMATS, "text"):
        _find_delimiter(path, beginning, settings)
    if settings.kind in _FORMATS:
        _find_header(beginning, settings, has_header=has_header)
    return settings


def find_lines(path: Path, encoding: str | None = None) -> TableSettings:
    """Find out how a file with one text on each line has to be read, as `find_settings` does."""
    _refuse_others(path)
    settings = TableSettings("text")
    _find_encoding(path, encoding, settings)
    return settings


def _refuse_others(path: Path) -> None:
    if path.suffix.lower() in _OTHER_SPREADSHEETS:
        raise T5TuneError(
            f"{display_path(path)} is a spreadsheet of a kind that t5tune does not read.",
            next_command="in the program that made it, save it as .xlsx, then: "
            f"t5tune init {shlex.quote(display_path(path.with_suffix('.xlsx')))}",
        )
    if path.suffix.lower() in (".yaml", ".yml"):
        name = shlex.quote(display_path(path))
        raise T5TuneError(
            f"{display_path(path)} is YAML, as recipes are, and not data.",
            next_command=f"t5tune validate {name}   # or t5tune init FILE, with pairs of texts",
        )
    start = read_start(path)
    if not start:
        raise T5TuneError(
            f"{display_path(path)} is empty.",
            next_command="t5tune init FILE   # with pairs of texts",
        )
    if content := find_pointer(start):
        raise T5TuneError(f"{display_path(path)} is {content.name}.", next_command=content.command)
    is_known = format_of_ending(strip_compression(path).suffix) is not None
    refusal = None if is_known else refuse_binary(display_path(path), start)
    if refusal is not None and not isinstance(refusal, WrongSetting):
        raise refusal


def _find_encoding(path: Path, given: str | None, settings: TableSettings) -> None:
    """Note the encoding, if it is not UTF-8, by reading all of the text."""
    encoding, reason = given, "as you said"
    if given is None:
        try:
            _read_all(path, None)
        except WrongSetting as error:
            if error.key != "encoding" or error.value is None:
                raise
            line = error.message.partition(" is not UTF-8: ")[2].rstrip(".")
            encoding = error.value if error.value != USUAL else guess_encoding(path)
            reason = f"not UTF-8: {line}" if line else "by its first bytes"
            if encoding not in (error.value, USUAL):
                reason = f"{reason}; the letters are those of {encoding}"
            try:
                _read_all(path, encoding)
            except T5TuneError as refusal:
                raise refuse_unknown(shlex.quote(display_path(path)), refusal) from None
    if encoding is not None:
        settings.add("encoding", encoding, reason)


def _read_all(path: Path, encoding: str | None) -> None:
    with open_text(Path(display_path(path)), encoding) as stream:
        while stream.read(_MOST_CHARACTERS):
            pass


def _read_beginning(path: Path, encoding: str | None) -> str:
    with open_text(path, encoding) as stream:
        return stream.read(_MOST_CHARACTERS)


def _recognize(beginning: str, ending: str, settings: TableSettings) -> None:
    """Note the format of a file whose name does not tell it."""
    start = beginning.lstrip()
    if start.startswith("{"):
        kind, reason = "jsonl", "it begins with an object"
    elif start.startswith("["):
        kind, reason = "json", "it begins with a list"
    elif start.startswith("<"):
        kind, reason = ("tmx" if "<tmx" in start[:2000] else "xliff"), "it is XML"
    else:
        kind, reason = ("tsv" if "\t" in start else "csv"), "it is text with columns"
    what = f"the ending {ending} does not tell" if ending else "its name does not tell"
    settings.kind = kind
    settings.add("format", kind, f"{what}; {reason}")


@dataclass(frozen=True)
class _Reading:
    """The first rows of a file, read in one way."""

    kind: str
    delimiter: str
    rows: Sequence[Sequence[str]]
    is_broken: bool

    @property
    def num_columns(self) -> int:
        counts = Counter(map(len, self.rows))
        return counts.most_common(1)[0][0] if counts else 0

    @property
    def share(self) -> float:
        """Share of the rows that have the usual number of cells."""
        num = self.num_columns
        return sum(len(row) == num for row in self.rows) / max(1, len(self.rows))


def _find_delimiter(path: Path, beginning: str, settings: TableSettings) -> None:
    """Note what separates the cells, and how they are quoted, where the ending does not tell."""
    ending, usual = settings.kind, _USUAL.get(settings.kind, "\t")
    is_cut = len(beginning) == _MOST_CHARACTERS
    kinds: Sequence[str] = ("tsv",) if ending == "text" else _FORMATS
    if "\n" not in beginning and "\r" in beginning:  # as old programs on a Mac end lines
        kinds = ("csv",)  # which takes it for an end, and lines of a TSV may have it inside
    readings = [
        _read(beginning, kind, delimiter, is_cut=is_cut)
        for kind in kinds
        for delimiter in (_DELIMITERS if ending != "text" else ("\t",))
    ]
    columns = [one for one in readings if one.num_columns > 1 and one.share > 0.5]

    as_text = [one for one in readings if one.kind == "tsv" and one.rows]
    is_quoted = any(_count_quoted(one) > _MANY_QUOTED * len(one.rows) for one in as_text)

    def rank(one: _Reading) -> tuple[bool, float, bool, bool, bool]:
        share_of_quoted = _count_quoted(one) / len(one.rows)
        fits = one.kind == ("csv" if share_of_quoted > _SOME_QUOTED or ending == "csv" else "tsv")
        # A quotation that never ends breaks the file, and does not make text of all the others.
        is_right = one.kind == "csv" if is_quoted else not one.is_broken
        # Rows of a file that is read as it should be have one length, but for a few bad ones.
        # A comma may be in every text, but hardly in the headings as often.
        is_even = len(one.rows[0]) == one.num_columns
        return is_right, round(one.share, 2), is_even, one.delimiter == usual, fits

    if not columns:
        if ending == "text":
            return
        broken = [one for one in readings if one.is_broken and one.delimiter == usual]
        if ending == "csv" and broken:
            settings.kind = "csv"  # reading it names the line
            return
        if refusal := _refuse_uneven(path, as_text):
            raise refusal
        raise T5TuneError(
            f"{display_path(path)} has one column, and an example has a source and a target.",
            next_command=f"t5tune init {shlex.quote(display_path(path))} OTHER_FILE   "
            "# line n of one file belongs to line n of the other",
        )
    best = max(columns, key=rank)
    if best.kind != ending:
        settings.kind = best.kind
        reason = {
            "csv": "cells are in quotation marks, as in CSV",
            "tsv": "quotation marks are text, and columns are separated",
        }[best.kind]
        settings.add("format", best.kind, settings.reasons.get("format", reason))
    if best.delimiter != _USUAL[best.kind]:
        settings.add(
            "delimiter", best.delimiter, f"{_DELIMITERS[best.delimiter]} separates the cells"
        )


def _refuse_uneven(path: Path, readings: Sequence[_Reading]) -> T5TuneError | None:
    """Return the error for lines of which some have columns, but most of them others."""
    rows = next((one.rows for one in readings if one.delimiter == "\t"), [])
    counts = Counter(map(len, rows))
    if not rows or counts[1] > _MOST_SINGLE * len(rows):
        return None
    said = ", ".join(
        f"{num} have {cells if cells > 1 else 'one'}" for cells, num in counts.most_common(3)
    )
    return T5TuneError(
        f"Too few lines of {display_path(path)} have the same number of columns that a tab "
        f"separates: of the first {len(rows)} that are not blank, {said}.",
        next_command=f"head -n 5 {shlex.quote(display_path(path))}   # then correct the file",
    )


def _read(text: str, kind: str, delimiter: str, *, is_cut: bool) -> _Reading:
    if kind == "tsv":
        lines = text.removesuffix("\n").split("\n")
        whole = lines[:-1] if is_cut and len(lines) > 1 else lines
        filled = islice(filter(str.strip, whole), _MOST_ROWS)
        cells = [line.removesuffix("\r").split(delimiter) for line in filled]
        return _Reading(kind, delimiter, cells, is_broken=False)
    rows: list[list[str]] = []
    is_broken = False
    try:
        for row in csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter):
            if row:
                rows.append(row)
            if len(rows) == _MOST_ROWS:
                break
    except csv.Error as error:
        is_broken = not (is_cut and "unexpected end" in str(error))
    return _Reading(kind, delimiter, rows, is_broken)


def _count_quoted(reading: _Reading) -> int:
    """Return the number of rows that have a cell in quotation marks, if they are read as text."""
    if reading.kind == "csv":
        return sum(any('"' in cell or "\n" in cell for cell in row) for row in reading.rows)
    return sum(
        any(len(cell) > 1 and cell[0] == cell[-1] == '"' for cell in row) for row in reading.rows
    )


def _find_sheet_header(path: Path, settings: TableSettings, *, has_header: bool | None) -> None:
    """Note names for the columns of a sheet whose first row is an example."""
    place = Path(display_path(path))
    names = FORMATS[_SHEET].open(place, FileOptions()).columns
    columns = [str(number) for number in range(len(names))]
    if not columns:
        return
    table = FORMATS[_SHEET].open(place, FileOptions(columns))
    rows = (row for _, row in islice(table.rows(), _MOST_ROWS) if not isinstance(row, BadRow))
    _add_header([[*row.values()] for row in rows], settings, has_header)


def _find_header(beginning: str, settings: TableSettings, *, has_header: bool | None) -> None:
    """Note names for the columns of a file whose first row is an example."""
    delimiter = settings.keys.get("delimiter", _USUAL[settings.kind])
    reading = _read(beginning, settings.kind, delimiter, is_cut=len(beginning) == _MOST_CHARACTERS)
    if reading.rows:
        _add_header(reading.rows, settings, has_header)


def _add_header(
    rows: Sequence[Sequence[str]], settings: TableSettings, has_header: bool | None
) -> None:
    num_titles, num_blank = count_titles(rows)
    rows = rows[num_titles + num_blank :]
    found, reason = (has_header, "as you said") if has_header is not None else judge_first_row(rows)
    if num_titles:
        above = "the first row has" if num_titles == 1 else f"the first {num_titles} rows have"
        settings.add("skip_rows", num_titles, f"{above} one cell, as a title has")
        reason = reason.replace("the first row", "the next one")
    if has_header is None and names_alike(rows[0]):
        settings.add("skip_rows", num_titles + 1, "two names of columns are the same")
        reason = "so these are"
    settings.reasons["header"] = reason
    if not found:
        num = Counter(map(len, rows)).most_common(1)[0][0]
        settings.add("columns", [f"column{number}" for number in range(1, num + 1)], reason)

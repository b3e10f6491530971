"""Texts of examples from rows of a table: column names, nested fields, templates."""

from __future__ import annotations

import math
import shlex
import string
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from t5tune.errors import T5TuneError, did_you_mean, list_names, visible
from t5tune.files.json_objects import JsonConstant, JsonNumber
from t5tune.files.table import BadRow, Row, Table

# Column names of common data sets, tried in this order if a recipe names none.
SOURCE_COLUMNS = ("source", "src", "input", "document", "article", "text", "question")
TARGET_COLUMNS = ("target", "tgt", "output", "summary", "highlights", "label", "answer")


@dataclass
class Reading:
    """Count of values that are not texts and were read as texts.

    Attributes:
        num: Number of rows.
        example: The first of these rows, and its value.
    """

    num: int = 0
    example: str = ""

    def count(self, example: Callable[[], str]) -> None:
        if not self.num:
            self.example = example()
        self.num += 1


class ColumnReader:
    """Reads source and references from a row.

    A specification is a column (`en`), a dotted path into nested fields (`translation.en`,
    `answers.text`) or, if it contains a brace, a template over those
    (`"question: {question} context: {context}"`). A list gives several references.

    Numbers are read as they are spelled, and of a list for the source only the first text is read;
    both are counted and reported. Any other value that is not a text is refused.

    Args:
        source: Specification of the source.
        target: Specification of the target, which is the first reference.
        references: Specifications of further references.
        place: Place of all rows, for messages.

    Attributes:
        numbers: Counts of numbers that were read, by column.
        lists: Counts of lists of which only the first text was read, by column.
    """

    def __init__(self, source: str, target: str, references: Sequence[str], place: str) -> None:
        self._source = source
        self._references = (target, *references)
        self._place = place
        self._is_plain = not references
        self.numbers: dict[str, Reading] = defaultdict(Reading)
        self.lists: dict[str, Reading] = defaultdict(Reading)

    def read(self, row: Row, number: int, table: Table) -> tuple[str, list[str]]:
        """Return the source and at least one reference.

        Args:
            row: Row of the table.
            number: Number of the row, for messages.
            table: Table of the row, for messages.

        Raises:
            BadRow: A column is missing or does not hold a text.
        """
        self._table = table
        if self._is_plain:
            first, target = row.get(self._source), row.get(self._references[0])
            if type(first) is str and type(target) is str and _is_whole(first + target):
                return first, [target]
        source = self._read_first(row, self._source, number)
        references: list[str] = []
        for specification in self._references:
            for text in self._read_texts(row, specification, number):
                if text not in references or specification == self._references[0]:
                    references.append(text)
        return source, references

    @property
    def names(self) -> list[str]:
        """Names of the columns, and of the fields within them, that are read."""
        every = [self._source, *self._references]
        fields = [template_fields(one, self._place) if "{" in one else [one] for one in every]
        return list(dict.fromkeys(name for names in fields for name in names))

    def describe_readings(self) -> Iterator[str]:
        """Describe values that were read as texts but are not, in one sentence for each column."""
        for column, found in self.numbers.items():
            yield (
                f"column {visible(column, one_line=True)} of {self._place} holds numbers "
                f"({found.num:,}), which are read as they are written ({found.example})"
            )
        for column, found in self.lists.items():
            yield (
                f"column {visible(column, one_line=True)} of {self._place} holds lists "
                f"({found.num:,}), of which only the first text is read ({found.example})"
            )

    def _read_first(self, row: Row, specification: str, number: int) -> str:
        texts = self._read_texts(row, specification, number)
        if len(texts) > 1:
            self.lists[specification].count(lambda: f"{self._locate(number)}: {len(texts)} texts")
        return texts[0]

    def _read_texts(self, row: Row, specification: str, number: int) -> list[str]:
        if "{" in specification:
            fields = template_fields(specification, self._table.place)
            values = {name: self._read_first(row, name, number) for name in fields}
            return [_fill_template(specification, values)]
        value = self._find(row, specification, number)
        # An empty list, as unanswerable questions of SQuAD 2.0 have, is the empty text.
        items = (value or [""]) if isinstance(value, list) else [value]
        return [self._read_text(item, specification, number) for item in items]

    def _read_text(self, value: Any, column: str, number: int) -> str:
        """Return a text, or a number as it is spelled."""
        if isinstance(value, str) and not isinstance(value, JsonNumber):
            if not _is_whole(value):
                raise self._refuse_surrogate(column, number)
            return value
        is_number = isinstance(value, (JsonNumber, int, float)) and not isinstance(value, bool)
        if not is_number or (isinstance(value, float) and not math.isfinite(value)):
            raise self._refuse_value(value, column, number)
        self.numbers[column].count(lambda: f"{self._locate(number)}: {value!s:.40}")
        return str(value)

    def _locate(self, number: int) -> str:
        """Return the place of a row, within the place that a sentence has named."""
        table = self._table
        is_named = table.place == self._place
        return f"{table.unit} {number}" if is_named else table.locate(number)

    def _refuse_value(self, value: Any, column: str, number: int) -> BadRow:
        if isinstance(value, bool):
            name = visible(column, one_line=True)
            return BadRow(
                f"{self._table.locate(number)}: column {name} holds {str(value).lower()}, "
                "which is not a text.",
                next_command='write a text instead, such as "true" or "yes", '
                "or name a column of text in the recipe",
            )
        return BadRow(
            f"{self._table.locate(number)}: column {visible(column, one_line=True)} holds "
            f"{_describe(value)}, not text.",
            next_command="remove the row, or name a column of text in the recipe",
        )

    def _refuse_surrogate(self, column: str, number: int) -> BadRow:
        return BadRow(
            f"{self._table.locate(number)}: column {visible(column, one_line=True)} holds half a "
            "character (a lone surrogate such as \\ud800), which no file in UTF-8 can.",
            next_command=f"jq -c . {shlex.quote(self._table.place)} > whole.jsonl   "
            "# puts U+FFFD in its place",
        )

    def _find(self, row: Row, path: str, number: int) -> Any:
        if path in row:
            return row[path]
        value: Any = row
        for part in path.split("."):
            if not isinstance(value, dict) or part not in value:
                known = list(value) if isinstance(value, dict) else []
                error = missing_column(path, known, self._table.locate(number))
                raise BadRow(error.message, next_command=error.next_command)
            value = value[part]
        return value


def _is_whole(text: str) -> bool:
    """Return whether a text has no half of a character."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return False
    return True


def _describe(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, JsonConstant):
        return value.name
    if isinstance(value, float):
        return str(value)
    names: dict[type, str] = {dict: "an object", list: "a list within a list"}
    return names.get(type(value), f"a value of type {type(value).__name__}")


def template_fields(template: str, place: str) -> list[str]:
    """Return the names in the braces of a template.

    Raises:
        T5TuneError: The braces do not match.
    """
    try:
        return [name for _, name, _, _ in string.Formatter().parse(template) if name is not None]
    except ValueError as error:
        raise T5TuneError(
            f"{place}: the template {template!r} is not valid: {error}.",
            next_command="write columns in braces, as in '{question} {context}'",
        ) from error


def _fill_template(template: str, values: dict[str, str]) -> str:
    # str.format would read a dotted name as an attribute of the text.
    pieces = string.Formatter().parse(template)
    return "".join(text + (values[name] if name is not None else "") for text, name, _, _ in pieces)


def missing_column(name: str, known: Sequence[str], place: str) -> T5TuneError:
    """Return the error for a missing column, with the nearest name that exists."""
    hint = did_you_mean(name, known)
    return T5TuneError(
        f"{place}: there is no column {visible(name, one_line=True)}{hint} "
        f"(columns: {list_names(known)}).",
        next_command="name the columns in the recipe with `source:` and `target:`",
    )


def guess_columns(
    source: str | None,
    target: str | None,
    columns: Sequence[str],
    languages: tuple[str | None, str | None],
    place: str,
    where: str,
    *,
    is_text: bool = False,
) -> tuple[str, str]:
    """Choose the columns of source and target if the recipe leaves them out.

    Args:
        source: Specification in the recipe, if any.
        target: Specification of the target, likewise.
        columns: Columns of the table.
        languages: Source and target language codes.
        place: Origin of the rows, for messages.
        where: Key of the entry in the recipe, for messages.
        is_text: Whether the source is the target too.

    Raises:
        T5TuneError: A named column is missing, or no column has a usual name.
    """
    chosen: list[str] = []
    usual = (SOURCE_COLUMNS, TARGET_COLUMNS)
    for key, given, language, names in zip(
        ("source", "target"), (source, target), languages, usual, strict=True
    ):
        if is_text and chosen:
            return chosen[0], chosen[0]
        if given is not None:
            fields = template_fields(given, where) if "{" in given else [given]
            for name in fields:
                if name not in columns and name.split(".")[0] not in columns and columns:
                    raise missing_column(name, columns, f"{where}.{key}: {place}")
            chosen.append(given)
            continue
        candidates = [language] if language else []
        candidates += [f"translation.{language}"] if "translation" in columns and language else []
        candidates += names
        found = [c for c in candidates if c in columns or c.split(".")[0] in columns]
        if not found and len(columns) == 1:
            raise T5TuneError(
                f"{where}: {place} has one column, {columns[0]}, and an example has a source and a "
                "target.",
                next_command="give source_file and target_file, or a file with two columns; "
                "task: denoise trains on plain text",
            )
        if not found and columns:
            raise T5TuneError(
                f"{where}: which column of {place} is the {key}? (columns: {list_names(columns)})",
                next_command=f"add `{key}: COLUMN` under {where} in the recipe",
            )
        chosen.append(found[0] if found else names[0])
    return chosen[0], chosen[1]

"""From a row of a table to the text of an example: column names, nested fields, templates."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

from t5tune.errors import T5TuneError, did_you_mean

# Column names that common data sets use, tried in this order where a recipe names none.
SOURCE_COLUMNS = ("source", "src", "input", "document", "article", "text", "question")
TARGET_COLUMNS = ("target", "tgt", "output", "summary", "highlights", "label", "answer")


class ColumnReader:
    """Reads source and references from a row.

    A specification is a column (`en`), a dotted path into nested fields (`translation.en`,
    `answers.text`) or, if it contains a brace, a template over those
    (`"question: {question} context: {context}"`). A list gives several references.

    Args:
        source: Specification of the source.
        target: Specification of the target, which is the first reference.
        references: Specifications of further references.
        place: What the rows come from, for messages.
    """

    def __init__(self, source: str, target: str, references: Sequence[str], place: str) -> None:
        self._source = source
        self._references = (target, *references)
        self._place = place

    def read(self, row: dict[str, Any], number: int) -> tuple[str, list[str]]:
        """The source and at least one reference.

        Args:
            row: A row of the table.
            number: Its number, counted from 1, for messages.

        Raises:
            T5TuneError: A column is missing or holds no text.
        """
        source = self._read_texts(row, self._source, number)
        references: list[str] = []
        for specification in self._references:
            for text in self._read_texts(row, specification, number):
                if text not in references or specification == self._references[0]:
                    references.append(text)
        return source[0], references

    def _read_texts(self, row: dict[str, Any], specification: str, number: int) -> list[str]:
        if "{" in specification:
            fields = template_fields(specification, self._place)
            values = {name: self._read_texts(row, name, number)[0] for name in fields}
            return [_fill_template(specification, values)]
        value = self._find(row, specification, number)
        # No answer at all, as for the unanswerable questions of SQuAD 2.0, is the empty text.
        values_ = (value or [""]) if isinstance(value, list) else [value]
        texts = [str(item) for item in values_ if isinstance(item, (str, int, float))]
        if not texts or len(texts) != len(values_):
            found = "null" if value is None else f"{type(value).__name__}"
            raise T5TuneError(
                f"{self._place}, row {number}: column {specification} holds {found}, not text.",
                next_command="remove the row, or name a column of text in the recipe",
            )
        return texts

    def _find(self, row: dict[str, Any], path: str, number: int) -> Any:
        if path in row:
            return row[path]
        value: Any = row
        for part in path.split("."):
            if not isinstance(value, dict) or part not in value:
                known = list(value) if isinstance(value, dict) else []
                raise missing_column(path, known, f"{self._place}, row {number}")
            value = value[part]
        return value


def template_fields(template: str, place: str) -> list[str]:
    """Names in the braces of a template.

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
    # Not str.format: a dotted name would be read as an attribute of the text.
    pieces = string.Formatter().parse(template)
    return "".join(text + (values[name] if name is not None else "") for text, name, _, _ in pieces)


def missing_column(name: str, known: Sequence[str], place: str) -> T5TuneError:
    """The error for a column that is not there, with the nearest name that is."""
    hint = did_you_mean(name, known)
    return T5TuneError(
        f"{place}: there is no column {name}{hint} (columns: {', '.join(known) or 'none'}).",
        next_command="name the columns in the recipe with `source:` and `target:`",
    )


def guess_columns(
    source: str | None,
    target: str | None,
    columns: Sequence[str],
    languages: tuple[str | None, str | None],
    place: str,
    where: str,
) -> tuple[str, str]:
    """Choose the columns of source and target where the recipe leaves them out.

    Args:
        source: Specification in the recipe, if any.
        target: The same for the target.
        columns: Columns of the table.
        languages: Source and target language codes.
        place: What the rows come from, for messages.
        where: Key of the entry in the recipe, for messages.

    Raises:
        T5TuneError: A named column is missing, or none of the usual names is there.
    """
    chosen = []
    usual = (SOURCE_COLUMNS, TARGET_COLUMNS)
    for key, given, language, names in zip(
        ("source", "target"), (source, target), languages, usual, strict=True
    ):
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
        if not found and columns:
            raise T5TuneError(
                f"{where}: which column of {place} is the {key}? (columns: {', '.join(columns)})",
                next_command=f"add `{key}: COLUMN` under {where} in the recipe",
            )
        chosen.append(found[0] if found else names[0])
    return chosen[0], chosen[1]

"""Texts in two languages from the units of an XML file, read one after the other.

The parser resolves no entities and reads no other file, whatever the document asks for.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from t5tune.errors import T5TuneError, list_names, visible
from t5tune.files.compression import open_content
from t5tune.files.file_format import FileOptions
from t5tune.files.table import Row, Table
from t5tune.files.wrong_setting import WrongSetting

Texts = Sequence[tuple[str | None, str]]  # tags of languages, and texts
_NUM_LISTED = 1000  # units whose languages are listed
Events = Iterator[tuple[str, Any]]


def open_units(
    path: Path, options: FileOptions, kind: str, find_texts: Callable[[Path], Iterator[Texts]]
) -> Table:
    """Return the units of a file as rows with two columns, named by their languages.

    Args:
        path: Path of the file.
        options: Languages of source and target.
        kind: Name of the format, for messages.
        find_texts: Function that iterates over the texts of each unit.

    Raises:
        T5TuneError: A language is missing.
    """
    source, target = options.languages
    if source is None or target is None:
        raise T5TuneError(
            f"{path} has texts in several languages.",
            next_command="add `source_lang: en` and `target_lang: de`, for example, to the recipe",
        )
    last: list[_Units] = []  # that of the last reading has counted

    def read() -> Iterator[tuple[int, Row]]:
        units = _Units(path, source, target)
        last[:] = [units]
        with _explaining_xml(path, kind):
            yield from units.rows(find_texts(path))

    def describe() -> list[str]:
        return [sentence for units in last for sentence in units.describe()]

    return Table(str(path), [source, target], read, "unit", remarks=describe)


def list_languages(
    path: Path, kind: str, find_texts: Callable[[Path], Iterator[Texts]]
) -> list[str]:
    """Return the tags of the languages of the first units, in the order in which they appear.

    Arguments as for `open_units`.

    Raises:
        T5TuneError: The file cannot be read.
    """
    with _explaining_xml(path, kind):
        units = islice(find_texts(path), _NUM_LISTED)
        return list(dict.fromkeys(tag for unit in units for tag, _ in unit if tag is not None))


def read_languages(_path: Path, options: FileOptions) -> list[str] | None:
    """Return the names of the two columns, which the recipe gives."""
    names = [name for name in options.languages if name is not None]
    return names if len(names) == 2 else None


def read_elements(path: Path, kind: str, root: str, names: Sequence[str]) -> Events:
    """Yield events about elements as `lxml.etree.iterparse` does, and free the ones before.

    Args:
        path: Path of the file.
        kind: Name of the format, for messages.
        root: Local name of the root.
        names: Local names of the elements, whose parents hold nothing else that is large.

    Raises:
        T5TuneError: The root is another one.
    """
    from lxml import etree

    tags = [f"{{*}}{name}" for name in (root, *names)]
    with open_content(path) as stream:
        events = etree.iterparse(
            stream, events=("start", "end"), tag=tags,
            resolve_entities=False, no_network=True, load_dtd=False,
        )  # fmt: skip
        is_first = True
        for event, element in events:
            if is_first and local_name(element) != root:
                break
            is_first = False
            yield event, element
            if event == "end":
                parent = element.getparent()
                while parent is not None and element.getprevious() is not None:
                    del parent[0]
        if is_first:
            raise T5TuneError(
                f"{path} is not {kind}: its root is not <{root}>.",
                next_command=f"head -c 300 {shlex.quote(str(path))}",
            )


def local_name(element: Any) -> str:
    """Return the name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def read_language(element: Any) -> str | None:
    """Return the tag of an element's own language, if it has one."""
    language = element.get("{http://www.w3.org/XML/1998/namespace}lang") or element.get("lang")
    return None if language is None else str(language)


def collect_text(element: Any, left_out: frozenset[str], path: Path) -> str:
    """Return the text of a segment, without the content of elements for codes of its program.

    Raises:
        T5TuneError: It uses an entity that the file defines.
    """
    from lxml import etree

    pieces = [element.text or ""]
    for child in element:
        if child.tag is etree.Entity:
            raise T5TuneError(
                f"{path}, line {child.sourceline} uses the entity {visible(child.text)}, which is "
                "not resolved.",
                next_command="write its text in its place",
            )
        if isinstance(child.tag, str):  # and not a comment
            name = local_name(child)
            if name == "cp":  # a character that XML cannot hold
                pieces.append(chr(int(child.get("hex", "FFFD"), 16)))
            elif name not in left_out:
                pieces.append(collect_text(child, left_out, path))
        pieces.append(child.tail or "")
    return "".join(pieces)


@contextmanager
def _explaining_xml(path: Path, kind: str) -> Iterator[None]:
    from lxml import etree

    try:
        yield
    except etree.XMLSyntaxError as error:
        raise T5TuneError(
            f"{path} is not readable as {kind}: {error}.",
            next_command=f"xmllint --noout {shlex.quote(str(path))}",
        ) from error


class _Units:
    """Choice of the texts in two languages, and count of the units that lack one.

    A language without a region matches any region, such as en the tag en-US, but only one in a
    file: where there are two, the recipe has to choose.
    """

    def __init__(self, path: Path, source: str, target: str) -> None:
        self._path = path
        self._wanted = {"source": source, "target": target}
        self._chosen: dict[str, str] = {}
        self._seen: Counter[str] = Counter()
        self._num = 0
        self._num_without: Counter[str] = Counter()

    def rows(self, units: Iterator[Texts]) -> Iterator[tuple[int, Row]]:
        """Yield a row for each unit with both languages, and raise an error if there is none."""
        source, target = self._wanted.values()
        is_empty = True
        for number, texts in enumerate(units, start=1):
            self._num = number
            self._seen.update({tag for tag, _ in texts if tag is not None})
            found = {key: self._find(key, texts) for key in self._wanted}
            lacking = [self._wanted[key] for key, texts in found.items() if not texts]
            if lacking:
                self._num_without[" or ".join(lacking)] += 1
                continue
            is_empty = False
            yield number, {source: _unwrap(found["source"]), target: _unwrap(found["target"])}
        if is_empty and self._num:
            raise T5TuneError(
                f"{self._path}: none of {self._num:,} units has texts in both {source} and "
                f"{target} (languages: {list_names(sorted(self._seen))}).",
                next_command="correct `source_lang` and `target_lang`",
            )

    def _find(self, key: str, texts: Texts) -> list[str]:
        """Return the texts in a language, of which there may be several."""
        wanted = self._wanted[key]
        tags = {tag for tag, _ in texts if tag is not None and _matches(wanted, tag)}
        exact = next((tag for tag in tags if tag.casefold() == wanted.casefold()), None)
        chosen = self._chosen.setdefault(key, exact or min(tags)) if tags else ""
        if chosen.casefold() != wanted.casefold() and (others := tags - {chosen}):
            raise WrongSetting(
                f"{self._path}, unit {self._num}: {wanted} is {chosen} or {min(others)}.",
                next_command=f"name one of the two in place of {wanted}",
                key=key,
                value=chosen,
                remark="or the other one",
            )
        return [text for tag, text in texts if tag == chosen]

    def describe(self) -> Iterator[str]:
        """Describe in sentences how many units were left out."""
        for languages, num in self._num_without.items():
            yield (
                f"{num:,} of {self._num:,} units of {self._path} have no text in {languages} and "
                "were left out"
            )


def _unwrap(texts: list[str]) -> str | list[str]:
    return texts[0] if len(texts) == 1 else texts


@lru_cache(maxsize=1000)
def _matches(wanted: str, tag: str) -> bool:
    """Return whether a tag is the language that is wanted, or one of its regions or scripts."""
    import langcodes

    try:
        first, second = langcodes.Language.get(wanted), langcodes.Language.get(tag)
    except ValueError:
        return wanted.casefold() == tag.casefold()
    parts = (first.script, second.script), (first.territory, second.territory)
    return first.language == second.language and all(
        one == other or one in (None, "XX") or other is None for one, other in parts
    )

"""YAML as recipes use it, with the line of every key.

YAML 1.1, which PyYAML reads, turns `no` into False and leaves `1e-4` a string, and its last
duplicate key wins. Here the scalars of YAML 1.2 (core schema) hold, and duplicates are errors.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from t5tune.errors import T5TuneError
from t5tune.files.text_files import decode_text, read_start

MAX_BYTES = 1_000_000
MAX_DEPTH = 50
MAX_ALIASES = 100
TOO_DEEP = f"nested more than {MAX_DEPTH} levels deep"

KeyPath = tuple[str | int, ...]

_NULL = re.compile(r"(?:~|null|Null|NULL|)\Z")
_BOOL = re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z")
_INT = re.compile(r"[-+]?[0-9][0-9_]*\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_SURROGATE = re.compile("[\ud800-\udfff]")
_PLAIN_TAGS = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq", "!")


@dataclass
class YamlDocument:
    """Content of a file, with line numbers.

    Attributes:
        value: Dictionaries, lists, strings, numbers, booleans and None.
        lines: Line of each key or item, counted from 1, by its path.
        problems: Line and message of each problem that can be read over, such as duplicate keys.
    """

    value: Any = None
    lines: dict[KeyPath, int] = field(default_factory=dict)
    problems: list[tuple[int, str]] = field(default_factory=list)


class _Loader(yaml.SafeLoader):
    """Loader that leaves plain scalars as text: `parse_scalar` decides what they mean."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 (PyYAML's own name and form)
    depth = 0

    # PyYAML calls this pair around every node; its scanner is slow in deep nesting, so that
    # the limit has to hold before the tree is complete.
    def descend_resolver(self, current_node: Any, current_index: Any) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH + 1:
            raise _RefusedError(self.peek_event().start_mark.line + 1, TOO_DEEP)  # type: ignore[no-untyped-call]

    def ascend_resolver(self) -> None:
        self.depth -= 1


class _RefusedError(Exception):
    """Error in the text, with its line."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason


def read_recipe_text(file: Path) -> str:
    """Return the text of a recipe file.

    Raises:
        T5TuneError: The file cannot be read, is too large, or is not UTF-8.
    """
    content = read_start(file, MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise T5TuneError(
            f"{file}: a recipe is at most {MAX_BYTES:,} bytes.", next_command=f"ls -l {file}"
        )
    return decode_text(content, str(file))


def parse_yaml(text: str, name: str, *, next_command: str | None = None) -> YamlDocument:
    """Read one document.

    Args:
        text: Content of the file.
        name: Name of the file, for messages.
        next_command: Command that errors suggest instead of a look at the file.

    Raises:
        T5TuneError: The text is not YAML, nested too deep, or uses tags or many aliases.
    """
    try:
        return _parse(text)
    except _RefusedError as refused:
        raise T5TuneError(
            f"{name}:{refused.line}: {refused.reason}.",
            next_command=next_command or f"sed -n {refused.line}p {name}",
        ) from refused


@cache
def load_table(name: str) -> dict[str, Any]:
    """Return the content of a YAML file of this package, such as `expected_names`."""
    path = Path(__file__).with_name(f"{name}.yaml")
    table: dict[str, Any] = parse_yaml(path.read_text(encoding="utf-8"), path.name).value
    return table


def by_name(table: Mapping[str, str]) -> dict[str, str]:
    """Return a table with one name per key, from one whose keys are names separated by spaces."""
    return {name: value for names, value in table.items() for name in names.split()}


def _parse(text: str) -> YamlDocument:
    loader: _Loader | None = None
    document = YamlDocument()
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is not None:
            document.value = _Reader(document).read(node, ())
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise _RefusedError(
            line, f"the character U+{ord(text[error.position]):04X} is not text"
        ) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = str(error.problem or error.context)
        if "another document" in problem:
            problem = "a second document begins; a recipe is one"
        raise _RefusedError(mark.line + 1 if mark else 1, f"not YAML: {problem}") from error
    finally:
        if loader is not None:
            loader.dispose()
    return document


def parse_scalar(text: str) -> Any:
    """Return the value of a plain scalar: null, a boolean, a number, or the text itself."""
    if _NULL.match(text):
        return None
    if _BOOL.match(text):
        return text.lower() == "true"
    if _INT.match(text):
        # Python refuses numbers of thousands of digits; as text they fail the schema instead.
        return int(text.replace("_", "")) if len(text) <= 400 else text
    if _FLOAT.match(text):
        number = float(text)
        return number if math.isfinite(number) else text
    return text


class _Reader:
    """Converter of nodes into values, which notes their lines."""

    def __init__(self, document: YamlDocument) -> None:
        self.document = document
        self.open: set[int] = set()
        self.seen: set[int] = set()
        self.num_repeated = 0

    def read(self, node: yaml.Node, path: KeyPath) -> Any:
        line = node.start_mark.line + 1
        self._check(node, path, line)
        if isinstance(node, yaml.ScalarNode):
            return parse_scalar(node.value) if node.style is None else node.value
        self.open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self._read_item(item, (*path, i)) for i, item in enumerate(node.value)]
            return self._read_mapping(node, path)
        finally:
            self.open.discard(id(node))

    def _check(self, node: yaml.Node, path: KeyPath, line: int) -> None:
        problem = None
        if len(path) > MAX_DEPTH:
            problem = TOO_DEEP
        elif isinstance(node, yaml.ScalarNode) and _SURROGATE.search(node.value):
            problem = "half a character (a lone surrogate such as \\ud800) is not text"
        elif node.tag not in _PLAIN_TAGS:
            problem = f"tags such as {node.tag} are not allowed"
        elif id(node) in self.open:
            problem = "an alias refers to itself"
        elif not isinstance(node, yaml.ScalarNode):
            self.num_repeated += id(node) in self.seen
            self.seen.add(id(node))
            if self.num_repeated > MAX_ALIASES:
                problem = f"more than {MAX_ALIASES} aliases"
        if problem is not None:
            raise _RefusedError(line, problem)

    def _read_item(self, node: yaml.Node, path: KeyPath) -> Any:
        self.document.lines.setdefault(path, node.start_mark.line + 1)
        return self.read(node, path)

    def _read_mapping(self, node: yaml.Node, path: KeyPath) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        first: dict[str, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.document.problems.append((line, "a key has to be a word"))
                continue
            self._check(key_node, path, line)
            key = str(key_node.value)
            if key in mapping:
                where = ".".join(map(str, (*path, key)))
                self.document.problems.append(
                    (line, f"{where}: the key occurs twice, first on line {first[key]}")
                )
                continue
            first[key] = line
            self.document.lines[(*path, key)] = line
            mapping[key] = self.read(value_node, (*path, key))
        return mapping

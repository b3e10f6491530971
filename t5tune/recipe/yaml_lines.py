"""YAML as a recipe means it, with the line of every key.

YAML 1.1, which PyYAML reads, turns `no` into False and leaves `1e-4` a string, and its last
duplicate key wins. Here the scalars of YAML 1.2 (core schema) hold, and duplicates are errors.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from t5tune.errors import T5TuneError

MAX_BYTES = 1_000_000
MAX_DEPTH = 50
MAX_ALIASES = 100

KeyPath = tuple[str | int, ...]

_NULL = re.compile(r"(?:~|null|Null|NULL|)\Z")
_BOOL = re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z")
_INT = re.compile(r"[-+]?[0-9][0-9_]*\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_PLAIN_TAGS = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq", "!")


@dataclass
class YamlDocument:
    """What a file says and where.

    Attributes:
        value: Dictionaries, lists, strings, numbers, booleans and None.
        lines: The line of each key or item, counted from 1, by its path.
        problems: Line and message of what is readable but refused, such as duplicate keys.
    """

    value: Any = None
    lines: dict[KeyPath, int] = field(default_factory=dict)
    problems: list[tuple[int, str]] = field(default_factory=list)


class _Loader(yaml.SafeLoader):
    """Composes nodes with plain scalars left as text: what they mean is decided below."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 (PyYAML's own name and form)


def parse_yaml(text: str, name: str) -> YamlDocument:
    """Read one document.

    Args:
        text: The file's content.
        name: The file's name, for messages.

    Raises:
        T5TuneError: It is no YAML, too large, too deep, or uses tags or many aliases.
    """
    if len(text.encode()) > MAX_BYTES:
        raise T5TuneError(
            f"{name}: a recipe is at most {MAX_BYTES:,} bytes.", next_command=f"ls -l {name}"
        )
    loader = _Loader(text)
    document = YamlDocument()
    try:
        node = loader.get_single_node()
        if node is not None:
            document.value = _Reader(document, name).read(node, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise T5TuneError(
            f"{name}:{line}: not YAML: {error.problem or error.context}.",
            next_command=f"sed -n {line}p {name}",
        ) from error
    except (yaml.YAMLError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise T5TuneError(
            f"{name}: not YAML: {' '.join(reason.split())}.", next_command=f"head {name}"
        ) from error
    finally:
        loader.dispose()
    return document


def parse_scalar(text: str) -> Any:
    """The value of a plain scalar: null, a boolean, a number, or the text itself."""
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
    """Turns nodes into values and notes their lines."""

    def __init__(self, document: YamlDocument, name: str) -> None:
        self.document = document
        self.name = name
        self.open: set[int] = set()
        self.seen: dict[int, int] = {}

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
            problem = f"nested more than {MAX_DEPTH} levels deep"
        elif node.tag not in _PLAIN_TAGS:
            problem = f"tags such as {node.tag} are not allowed"
        elif id(node) in self.open:
            problem = "an alias refers to itself"
        elif not isinstance(node, yaml.ScalarNode):
            self.seen[id(node)] = self.seen.get(id(node), 0) + 1
            if sum(self.seen.values()) - len(self.seen) > MAX_ALIASES:
                problem = f"more than {MAX_ALIASES} aliases"
        if problem is not None:
            raise T5TuneError(
                f"{self.name}:{line}: {problem}.", next_command=f"sed -n {line}p {self.name}"
            )

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
            key = str(key_node.value)
            if key in mapping:
                where = ".".join(map(str, (*path, key)))
                self.document.problems.append(
                    (line, f"{where}: the key is there twice, first on line {first[key]}")
                )
                continue
            first[key] = line
            self.document.lines[(*path, key)] = line
            mapping[key] = self.read(value_node, (*path, key))
        return mapping

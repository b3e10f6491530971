"""Changes to a recipe, typed as KEY=VALUE or given as keywords of a Python call."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from t5tune.errors import T5TuneError, did_you_mean
from t5tune.recipe.problems import is_text
from t5tune.recipe.yaml_lines import KeyPath, parse_scalar, parse_yaml

_NUMBER = re.compile(r"\[(\d+)\]")  # of an entry, as messages write it: data.train[0].weight
COMMAND_LINE = "command line"
KEYWORDS = "keywords"


@dataclass(frozen=True)
class Override:
    """One key of a recipe and its new value.

    Attributes:
        value: Value as YAML would give it; None removes the key.
        origin: Place where it was given, for messages.
        problems: Messages about duplicate keys inside the value.
    """

    path: KeyPath
    value: Any
    origin: str = COMMAND_LINE
    problems: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Dotted key, as it is typed."""
        return ".".join(map(str, self.path))

    @property
    def text(self) -> str:
        """KEY=VALUE, which parses to the same override."""
        return format_override(self.key, self.value)


def parse_override(text: str) -> Override:
    """Read KEY=VALUE.

    Raises:
        T5TuneError: The text is not KEY=VALUE.
    """
    key, equals, value_text = text.partition("=")
    path: KeyPath = tuple(_NUMBER.sub(r".\1", key.strip()).split("."))
    if not equals or not all(path):
        raise T5TuneError(
            f"{COMMAND_LINE}: {text!r} is not an override: expected KEY=VALUE.",
            next_command="t5tune train RECIPE training.learning_rate=3e-4   # for example",
        )
    value = value_text.strip()
    # In a text such as the template {question} {context} braces are part of it.
    if value[:1] not in ("[", "{", '"', "'") or (value[0] in "[{" and _takes_text(path)):
        return Override(path, parse_scalar(value))
    name = f"{COMMAND_LINE}: {key}"
    parsed = parse_yaml(value, name, next_command="t5tune validate --schema   # lists keys")
    problems = tuple(f"{name}: {message}" for _, message in parsed.problems)
    return Override(path, parsed.value, problems=problems)


def _takes_text(path: KeyPath) -> bool:
    """Return whether a key takes text alone; the third part of a path may name an entry."""
    return is_text(path) or is_text((*path[:2], 0, *path[3:]))


def find_entries(document: Any, override: Override) -> Override:
    """Return an override with numbers in its path where it names an entry of a list.

    An entry is named by its number, counted from 0, or by its `name`.

    Raises:
        T5TuneError: The entry is not in the list.
    """
    found: list[str | int] = []
    inner = document
    for part in override.path:
        place: str | int = part
        if isinstance(inner, list) and inner and all(isinstance(one, dict) for one in inner):
            place = _find_entry(inner, str(part), override, ".".join(map(str, found)))
        found.append(place)
        if isinstance(place, int):
            inner = inner[place]
        else:
            inner = inner.get(part) if isinstance(inner, dict) else None
    return replace(override, path=tuple(found))


def _find_entry(
    entries: Sequence[Mapping[str, Any]], part: str, override: Override, key: str
) -> int:
    """Return the number of the entry that a part of a path names."""
    if part.isdecimal() and int(part) < len(entries):
        return int(part)
    names = [entry.get("name") for entry in entries]
    if part in names:
        return names.index(part)
    shown = ", ".join(
        str(number) if name is None else f"{number} ({name})" for number, name in enumerate(names)
    )
    hint = did_you_mean(part, [name for name in names if isinstance(name, str)])
    rest = override.key.removeprefix(f"{key}.{part}").removeprefix(".") or "weight"
    raise T5TuneError(
        f"{override.origin}: {override.key}: {key} is a list whose entries are {shown}, and {part} "
        f"is none of them{hint or '.'}",
        next_command=f"{key}.0.{rest}=VALUE   # for example",
    )


def read_keywords(keywords: Mapping[str, Any]) -> list[Override]:
    """Read the keywords of a call, such as `training={"max_steps": 10}`.

    A key may be dotted, as in `{"training.max_steps": 10}`. A mapping changes the keys that it
    names and leaves the others as they are.
    """
    return [
        Override(path, value, KEYWORDS)
        for key, given in keywords.items()
        for path, value in _flatten(tuple(key.split(".")), given)
    ]


def _flatten(path: KeyPath, given: Any) -> Iterator[tuple[KeyPath, Any]]:
    if isinstance(given, Mapping):
        for key, inner in given.items():
            yield from _flatten((*path, *str(key).split(".")), inner)
    else:
        yield path, plain_value(given)


def plain_value(value: Any) -> Any:
    """Return what YAML would have given for a Python value."""
    if isinstance(value, Mapping):
        return {key: plain_value(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain_value(inner) for inner in value]
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def format_override(key: str, value: Any) -> str:
    """Return KEY=VALUE, which parses to the same value."""
    if isinstance(value, str) and parse_scalar(value.strip()) == value and value[:1] not in "[{\"'":
        return f"{key}={value}"
    # A flow collection of JSON is one of YAML too.
    return f"{key}={json.dumps(value, ensure_ascii=False)}"

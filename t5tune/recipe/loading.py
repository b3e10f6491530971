"""Recipes from files: YAML, overrides from the command line, errors with their lines."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from t5tune.errors import T5TuneError
from t5tune.recipe.catalog import find_recipe
from t5tune.recipe.problems import describe_problems
from t5tune.recipe.schema import DataEntry, Recipe
from t5tune.recipe.yaml_lines import KeyPath, YamlDocument, parse_scalar, parse_yaml

COMMAND_LINE = "command line"


def load_recipe(path: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read and check a recipe.

    Relative paths of data files are taken from the recipe's directory; those in overrides
    from the current one.

    Args:
        path: A file, or the name of a recipe that ships.
        overrides: Changes such as `training.learning_rate=3e-4`; `KEY=null` removes a key.

    Raises:
        T5TuneError: With every problem on a line of its own.
    """
    file = find_recipe(path)
    document = _read_document(file)
    overridden = [_apply_override(document, text) for text in overrides]
    recipe = _validate(document, file, overridden)
    return _with_absolute_paths(recipe, file.parent, overridden)


def _read_document(file: Path) -> YamlDocument:
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise T5TuneError(
            f"{file} cannot be read: {error.strerror}.", next_command=f"ls -l {file}"
        ) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise T5TuneError(
            f"{file}:{line}: not UTF-8: byte {error.start} is 0x{error.object[error.start]:02x}.",
            next_command=f"iconv -f LATIN1 -t UTF-8 {file} > {file.stem}-utf8.yaml",
        ) from error
    document = parse_yaml(text, str(file))
    if not isinstance(document.value, dict):
        found = "empty" if document.value is None else "no mapping of keys to values"
        raise T5TuneError(
            f"{file}:1: the recipe is {found}.",
            next_command="t5tune recipes copy multi30k-en-de   # a recipe to start from",
        )
    return document


def _apply_override(document: YamlDocument, text: str) -> KeyPath:
    """Put KEY=VALUE into the document; returns the key's path."""
    key, equals, value_text = text.partition("=")
    path: KeyPath = tuple(key.strip().split("."))
    if not equals or not all(path):
        raise T5TuneError(
            f"{COMMAND_LINE}: {text!r} is no override: expected KEY=VALUE.",
            next_command="t5tune train RECIPE training.learning_rate=3e-4   # for example",
        )
    value = _parse_override(value_text, text)
    section = document.value
    for i, part in enumerate(path[:-1]):
        inner = section.get(part)
        if inner is None and value is None:
            return path  # nothing to remove
        if inner is None:
            inner = section[part] = {}
        if not isinstance(inner, dict):
            raise T5TuneError(
                f"{COMMAND_LINE}: {key}: {'.'.join(map(str, path[: i + 1]))} is a value, not a "
                "section.",
                next_command="t5tune validate --schema   # lists every key",
            )
        section = inner
    if value is None:
        section.pop(path[-1], None)
    else:
        section[path[-1]] = value
    return path


def _parse_override(value_text: str, text: str) -> Any:
    stripped = value_text.strip()
    if stripped[:1] in ("[", "{", '"', "'"):
        return parse_yaml(stripped, f"{COMMAND_LINE}: {text}").value
    return parse_scalar(stripped)


def _validate(document: YamlDocument, file: Path, overridden: Sequence[KeyPath]) -> Recipe:
    def place(path: KeyPath) -> str:
        if any(path[: len(key)] == key for key in overridden):
            return COMMAND_LINE
        while path and path not in document.lines:
            path = path[:-1]
        return f"{file}:{document.lines.get(path, 1)}"

    lines = [f"{file}:{line}: {message}" for line, message in document.problems]
    recipe = None
    try:
        recipe = Recipe.model_validate(document.value)
    except ValidationError as error:
        lines += [line for _, line in describe_problems(error, place)]
    if recipe is None or lines:
        count = f"{len(lines)} problems:\n" if len(lines) > 1 else ""
        raise T5TuneError(
            count + "\n".join(lines),
            next_command=f"correct the line{'s' if len(lines) > 1 else ''}, then: "
            f"t5tune validate {file}",
        )
    return recipe


def _with_absolute_paths(recipe: Recipe, directory: Path, overridden: Sequence[KeyPath]) -> Recipe:
    """Path arithmetic only: whether the files exist is seen when they are read."""

    def absolute(value: str | None, *path: str) -> str | None:
        if value is None or value.startswith("~"):
            return value
        base = "" if any(path[: len(key)] == key for key in overridden) else str(directory)
        return os.path.abspath(os.path.join(base, value))  # noqa: PTH100, PTH118 (no symlinks)

    data: dict[str, DataEntry] = {}
    for split in ("train", "validation", "test"):
        entry = getattr(recipe.data, split)
        if entry is None:
            continue
        updates: dict[str, Any] = {
            key: absolute(getattr(entry, key), "data", split, key)
            for key in ("file", "source_file", "target_file")
        }
        if entry.target_file is not None and entry.references:
            updates["references"] = [
                absolute(value, "data", split, "references") for value in entry.references
            ]
        data[split] = entry.model_copy(update=updates)
    model = recipe.model
    if model.name is not None and model.name.startswith(("./", "../")):
        model = model.model_copy(update={"name": absolute(model.name, "model", "name")})
    return recipe.model_copy(update={"data": recipe.data.model_copy(update=data), "model": model})


class _Dumper(yaml.SafeDumper):
    """Quotes text that `parse_scalar` would take for something else."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = None if parse_scalar(text) is text else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def dump_recipe(recipe: Recipe) -> str:
    """YAML with every default written out; `load_recipe` reads the same recipe from it."""
    return yaml.dump(
        recipe.model_dump(mode="json"),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=10_000,
    )


def differing_keys(first: Recipe, second: Recipe) -> list[str]:
    """Key paths whose values differ, in the order of the schema."""
    a, b = dict(_flatten(first.model_dump())), dict(_flatten(second.model_dump()))
    differing = [key for key in dict.fromkeys([*a, *b]) if a.get(key) != b.get(key)]
    sections = list(Recipe.model_fields)
    return sorted(differing, key=lambda key: sections.index(key.split(".")[0]))


def _flatten(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def recipe_json_schema() -> dict[str, Any]:
    """A JSON schema for editors."""
    return Recipe.model_json_schema()

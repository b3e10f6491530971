"""Recipes from files: YAML, overrides from the command line, errors with their lines."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from t5tune.errors import T5TuneError
from t5tune.recipe.catalog import find_recipe, recipes_directory
from t5tune.recipe.problems import describe_problems, is_key, is_text
from t5tune.recipe.schema import DataEntry, ModelSection, Recipe
from t5tune.recipe.training_extra import find_extra_problems
from t5tune.recipe.yaml_lines import KeyPath, YamlDocument, parse_scalar, parse_yaml, read_text

COMMAND_LINE = "command line"
RELATIVE = ("./", "../")
_LINE_BREAKS = re.compile("[\n\r\x85\u2028\u2029]")


def load_recipe(
    path: str | Path, overrides: Sequence[str] = (), *, for_training: bool = False
) -> Recipe:
    """Read and check a recipe.

    Relative paths of data files are taken from the recipe's directory; those in overrides
    from the current one.

    Args:
        path: A file, or the name of a recipe that ships.
        overrides: Changes such as `training.learning_rate=3e-4`; `KEY=null` removes a key.
        for_training: Check `training.extra` as well. A run that was begun when t5tune still took
            one of its keys can be read without.

    Raises:
        T5TuneError: With every problem on a line of its own.
    """
    file = find_recipe(path)
    document = _read_document(file)
    twice: list[str] = []
    overridden = [_apply_override(document, text, twice) for text in overrides]
    recipe = _validate(document, file, overridden, twice, for_training=for_training)
    return _with_absolute_paths(recipe, file.parent, overridden)


def change_recipe(
    recipe: Recipe,
    overrides: Sequence[str],
    origin: Path,
    *,
    next_command: str | None = None,
    for_training: bool = False,
) -> Recipe:
    """A recipe with changes from the command line, checked like one from a file.

    Args:
        recipe: Its paths are absolute.
        overrides: As for `load_recipe`.
        origin: The file that the recipe was read from, for messages.
        next_command: What to type after a mistake, instead of checking that file.
        for_training: See `load_recipe`.

    Raises:
        T5TuneError: With every problem on a line of its own.
    """
    if not overrides:
        return recipe
    document = YamlDocument(recipe.model_dump(mode="json"))
    twice: list[str] = []
    overridden = [_apply_override(document, text, twice) for text in overrides]
    changed = _validate(
        document, origin, overridden, twice, next_command, for_training=for_training
    )
    return _with_absolute_paths(changed, origin.parent, overridden)


def format_override(key: str, value: Any) -> str:
    """KEY=VALUE, from which the same value is read."""
    if isinstance(value, str) and parse_scalar(value) == value and value[:1] not in "[{\"'":
        return f"{key}={value}"
    # A flow collection of JSON is one of YAML too.
    return f"{key}={json.dumps(value, ensure_ascii=False)}"


def _read_document(file: Path) -> YamlDocument:
    document = parse_yaml(read_text(file), str(file))
    if not isinstance(document.value, dict):
        found = "empty" if document.value is None else "no mapping of keys to values"
        raise T5TuneError(
            f"{file}:1: the recipe is {found}.",
            next_command="t5tune recipes copy multi30k-en-de   # a recipe to start from",
        )
    return document


def _apply_override(document: YamlDocument, text: str, twice: list[str]) -> KeyPath:
    """Put KEY=VALUE into the document; returns the key's path.

    Keys that stand twice inside VALUE are added to `twice`, as lines for the user.
    """
    key, equals, value_text = text.partition("=")
    path: KeyPath = tuple(key.strip().split("."))
    if not equals or not all(path):
        raise T5TuneError(
            f"{COMMAND_LINE}: {text!r} is no override: expected KEY=VALUE.",
            next_command="t5tune train RECIPE training.learning_rate=3e-4   # for example",
        )
    value = value_text.strip()
    if value[:1] in ("[", "{", '"', "'") and not (value[0] in "[{" and is_text(path)):
        # In a text such as the template {question} {context} braces are part of it.
        name = f"{COMMAND_LINE}: {key}"
        parsed = parse_yaml(value, name, next_command="t5tune validate --schema   # lists keys")
        twice += [f"{name}: {message}" for _, message in parsed.problems]
        value = parsed.value
    else:
        value = parse_scalar(value)
    section = document.value
    # An unknown key stays, even as null: validation names the nearest one. So does `export=null`,
    # which means "off" to everybody, while the default of a key that is not there is "on".
    removes = value is None and is_key(path) and path != ("export",)
    for i, part in enumerate(path[:-1]):
        inner = section.get(part)
        if inner is None and removes:
            return path  # it is not there
        if inner is None:
            inner = section[part] = {}
        if not isinstance(inner, dict):
            raise T5TuneError(
                f"{COMMAND_LINE}: {key}: {'.'.join(map(str, path[: i + 1]))} is a value, not a "
                "section.",
                next_command="t5tune validate --schema   # lists every key",
            )
        section = inner
    if removes:
        section.pop(path[-1], None)
    else:
        section[path[-1]] = value
    return path


def _validate(
    document: YamlDocument,
    file: Path,
    overridden: Sequence[KeyPath],
    twice: Sequence[str],
    next_command: str | None = None,
    *,
    for_training: bool,
) -> Recipe:
    def place(path: KeyPath) -> str:
        if any(path[: len(key)] == key for key in overridden):
            return COMMAND_LINE
        if (
            path
            and path not in document.lines
            and any(key[: len(path)] == path for key in overridden)
        ):
            return COMMAND_LINE  # a section that an override began
        while path and path not in document.lines:
            path = path[:-1]
        return f"{file}:{document.lines.get(path, 1)}"

    lines = [f"{file}:{line}: {message}" for line, message in document.problems] + list(twice)
    recipe = None
    try:
        recipe = Recipe.model_validate(document.value)
    except ValidationError as error:
        lines += [line for _, line in describe_problems(error, place)]
    if for_training:
        lines += _describe_extra(document.value, recipe, place)
    if recipe is None or lines:
        count = f"{len(lines)} problems:\n" if len(lines) > 1 else ""
        if next_command is None:
            next_command = (
                f"correct the line{'s' if len(lines) > 1 else ''}, then: t5tune validate {file}"
            )
            if file.parent == recipes_directory():  # it ships: the override is what to correct
                next_command = f"t5tune recipes show {file.stem}"
        raise T5TuneError(count + "\n".join(lines), next_command=next_command)
    return recipe


def _describe_extra(
    document: dict[Any, Any], recipe: Recipe | None, place: Callable[[KeyPath], str]
) -> list[str]:
    """What is wrong below `training.extra`; whatever is there, if the rest is wrong too."""
    if recipe is not None:
        from_scratch = recipe.model.from_scratch is not None
        found = find_extra_problems(
            recipe.training.extra, recipe.training, from_scratch=from_scratch
        )
    else:
        training = document.get("training")
        extra = training.get("extra") if isinstance(training, dict) else None
        found = find_extra_problems(extra if isinstance(extra, dict) else {})
    return [
        f"{place(('training', 'extra', key))}: training.extra.{key}: {problem}"
        for key, problem in found
    ]


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
        paths: dict[str, Any] = {
            key: absolute(getattr(entry, key), "data", split, key)
            for key in ("file", "source_file", "target_file")
        }
        if entry.target_file is not None and entry.references:
            paths["references"] = [
                absolute(value, "data", split, "references") for value in entry.references
            ]
        data[split] = entry.model_copy(update=paths)
    model = _with_absolute_names(recipe.model, absolute)
    config = absolute(recipe.training.deepspeed_config, "training", "deepspeed_config")
    updates = {
        "data": recipe.data.model_copy(update=data),
        "model": model,
        "training": recipe.training.model_copy(update={"deepspeed_config": config}),
    }
    return recipe.model_copy(update=updates)


def _with_absolute_names(model: ModelSection, absolute: Callable[..., str | None]) -> ModelSection:
    """Names of a model and a tokenizer are hub ids unless they begin with a dot and a slash."""
    if model.name is not None and model.name.startswith(RELATIVE):
        return model.model_copy(update={"name": absolute(model.name, "model", "name")})
    scratch = model.from_scratch
    if scratch is None or not (scratch.tokenizer.name or "").startswith(RELATIVE):
        return model
    key = ("model", "from_scratch", "tokenizer", "name")
    tokenizer = scratch.tokenizer.model_copy(
        update={"name": absolute(scratch.tokenizer.name, *key)}
    )
    return model.model_copy(
        update={"from_scratch": scratch.model_copy(update={"tokenizer": tokenizer})}
    )


class _Dumper(yaml.SafeDumper):
    """Quotes text that `parse_scalar` would take for something else."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = None if parse_scalar(text) is text else "'"
    if _LINE_BREAKS.search(text):
        style = '"'  # the only style that keeps which of them it was
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
    return list(_differences(first.model_dump(), second.model_dump(), ()))


def _differences(a: Any, b: Any, path: tuple[str, ...]) -> Iterator[str]:
    # A section that only one recipe has is told key by key.
    inner_a, inner_b = ({} if value is None else value for value in (a, b))
    if isinstance(inner_a, dict) and isinstance(inner_b, dict) and a is not b:
        inner = [
            key
            for name in dict.fromkeys([*inner_a, *inner_b])
            for key in _differences(inner_a.get(name), inner_b.get(name), (*path, name))
        ]
        yield from inner or ([".".join(path)] if (a is None) != (b is None) else [])
    elif a != b or isinstance(a, bool) != isinstance(b, bool):  # true is not 1
        yield ".".join(path)


def recipe_json_schema() -> dict[str, Any]:
    """A JSON schema for editors."""
    return Recipe.model_json_schema()

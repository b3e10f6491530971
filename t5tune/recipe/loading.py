"""Loading recipes: YAML, overrides from the command line, errors with their lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from t5tune.errors import T5TuneError
from t5tune.recipe.absolute_paths import AbsolutePaths
from t5tune.recipe.catalog import find_recipe, recipes_directory
from t5tune.recipe.new_recipes import describe_extra, describe_sizes
from t5tune.recipe.overrides import Override, find_entries, parse_override, plain_value
from t5tune.recipe.problems import describe_problems, is_key
from t5tune.recipe.resolved_recipe import ResolvedRecipe
from t5tune.recipe.schema import Recipe
from t5tune.recipe.yaml_lines import (
    KeyPath,
    YamlDocument,
    parse_scalar,
    parse_yaml,
    read_recipe_text,
)

_LINE_BREAKS = re.compile("[\n\r\x85\u2028\u2029]")

SomeRecipe = TypeVar("SomeRecipe", bound=Recipe)


def load_recipe(
    path: str | Path, overrides: Sequence[str | Override] = (), *, for_training: bool = False
) -> Recipe:
    """Read and check a recipe.

    Relative paths of data files start at the recipe's directory; those in overrides at the
    current one.

    Args:
        path: Path of a file, or the name of a recipe that ships.
        overrides: Changes such as `training.learning_rate=3e-4`; `KEY=null` removes a key.
        for_training: Whether to check `training.extra` and contradictions of `model.config` as
            well. Without the check, a run can be read that has a key which an earlier version of
            t5tune accepted.

    Raises:
        T5TuneError: With every problem on a line of its own.
    """
    file = find_recipe(path)
    return _check(Recipe, _read_document(file), file, overrides, for_training=for_training)


def load_resolved_recipe(file: Path) -> ResolvedRecipe:
    """Read the `recipe.yaml` of a run, which has nothing left to choose.

    Raises:
        T5TuneError: With every problem on a line of its own.
    """
    return _check(ResolvedRecipe, _read_document(file), file)


def change_recipe(
    recipe: Recipe,
    overrides: Sequence[str | Override],
    origin: Path,
    *,
    next_command: str | None = None,
    for_training: bool = False,
) -> Recipe:
    """Return a recipe with changes from the command line, checked like one from a file.

    Args:
        origin: File that the recipe was read from, for messages.
        next_command: Command that errors suggest instead of checking that file.

    Raises:
        T5TuneError: With every problem on a line of its own.
    """
    if not overrides:
        return recipe
    document = YamlDocument(recipe.model_dump(mode="json"))
    return _check(
        Recipe, document, origin, overrides, next_command, for_training=for_training, begun=recipe
    )


def build_recipe(
    values: Mapping[str, Any] | Recipe,
    overrides: Sequence[str | Override] = (),
    *,
    for_training: bool = False,
) -> Recipe:
    """Return the recipe that a program has built, checked like one from a file.

    Relative paths of data files start at the current directory.

    Raises:
        T5TuneError: With every problem on a line of its own.
    """
    content = values.model_dump(mode="json") if isinstance(values, Recipe) else plain_value(values)
    document, next_command = YamlDocument(content), "t5tune validate --schema   # lists every key"
    file = Path("recipe")
    return _check(Recipe, document, file, overrides, next_command, for_training=for_training)


def _read_document(file: Path) -> YamlDocument:
    document = parse_yaml(read_recipe_text(file), str(file))
    if not isinstance(document.value, dict):
        found = "empty" if document.value is None else "not a mapping of keys to values"
        raise T5TuneError(
            f"{file}:1: the recipe is {found}.",
            next_command="t5tune recipes copy multi30k-en-de   # a recipe to start from",
        )
    return document


def _check(
    kind: type[SomeRecipe],
    document: YamlDocument,
    file: Path,
    overrides: Sequence[str | Override] = (),
    next_command: str | None = None,
    *,
    for_training: bool = False,
    begun: Recipe | None = None,
) -> SomeRecipe:
    """Put each override into the document, in order, and return the recipe that it then holds.

    `begun` is the recipe of a run, whose contradictions an earlier version has accepted.
    """
    read = [parse_override(given) if isinstance(given, str) else given for given in overrides]
    read = [_apply_override(document, override) for override in read]
    recipe = _validate(
        kind, document, file, read, next_command, for_training=for_training, begun=begun
    )
    paths = AbsolutePaths(file.parent, [override.path for override in read])
    training = recipe.training
    config = paths.of(training.deepspeed_config, "training", "deepspeed_config")
    absolute = {
        "model": paths.of_model(recipe.model),
        "data": paths.of_data(recipe.data),
        "training": training.model_copy(update={"deepspeed_config": config}),
        "evaluation": paths.of_evaluation(recipe.evaluation),
    }
    return recipe.model_copy(update=absolute)


def _apply_override(document: YamlDocument, override: Override) -> Override:
    """Change the document, and return the override with the numbers of entries in its path."""
    override = find_entries(document.value, override)
    path, section = override.path, document.value
    # An unknown key stays, even as null: validation names the nearest one. So does `export=null`,
    # which means "off" to everybody, while the default of an unset key is "on".
    removes = override.value is None and is_key(path) and path != ("export",)
    for i, part in enumerate(path[:-1]):
        inner = section[part] if isinstance(part, int) else section.get(part)
        if inner is None and removes:
            return override  # it is not set
        if inner is None:
            inner = section[part] = {}
        if not isinstance(inner, dict) and not isinstance(path[i + 1], int):
            raise T5TuneError(
                f"{override.origin}: {override.key}: {'.'.join(map(str, path[: i + 1]))} is a "
                "value, not a section.",
                next_command="t5tune validate --schema   # lists every key",
            )
        section = inner
    last = path[-1]
    if not removes:
        section[last] = override.value
    elif isinstance(last, int) or last in section:
        del section[last]
    return override


def _validate(
    kind: type[SomeRecipe],
    document: YamlDocument,
    file: Path,
    overrides: Sequence[Override],
    next_command: str | None,
    *,
    for_training: bool,
    begun: Recipe | None,
) -> SomeRecipe:
    def place(path: KeyPath) -> str:
        for override in overrides:
            if path[: len(override.path)] == override.path:
                return override.origin
        if path and path not in document.lines:
            for override in overrides:
                if override.path[: len(path)] == path:
                    return override.origin  # a section that an override has created
        if not document.lines:
            return str(file)  # values that were not read from text
        while path and path not in document.lines:
            path = path[:-1]
        return f"{file}:{document.lines.get(path, 1)}"

    lines = [f"{file}:{line}: {message}" for line, message in document.problems]
    lines += [problem for override in overrides for problem in override.problems]
    recipe = None
    try:
        recipe = kind.model_validate(document.value)
    except ValidationError as error:
        lines += [line for _, line in describe_problems(error, place)]
    if for_training:
        lines += describe_extra(document.value, recipe, place)
        lines += describe_sizes(recipe, begun, place)
    if recipe is None or lines:
        count = f"{len(lines)} problems:\n" if len(lines) > 1 else ""
        if next_command is None:
            next_command = (
                f"correct the line{'s' if len(lines) > 1 else ''}, then: t5tune validate {file}"
            )
            origins = tuple(f"{override.origin}: " for override in overrides)
            if file.parent == recipes_directory():  # it ships, so the override has to be corrected
                next_command = f"t5tune recipes show {file.stem}"
            elif all(line.startswith(origins) for line in lines):
                next_command = (
                    "the same command, corrected; t5tune validate --schema lists every key"
                )
        raise T5TuneError(count + "\n".join(lines), next_command=next_command)
    return recipe


class _Dumper(yaml.SafeDumper):
    """Dumper that quotes text which `parse_scalar` would take for something else."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = None if parse_scalar(text) is text else "'"
    if _LINE_BREAKS.search(text):
        style = '"'  # the only style that preserves which one it was
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def dump_recipe(recipe: Recipe) -> str:
    """Return YAML with every default, from which `load_recipe` reads the same recipe."""
    return dump_values(recipe.model_dump(mode="json"))


def dump_values(content: Mapping[str, Any]) -> str:
    """Return YAML from which `load_recipe` reads the same values."""
    return yaml.dump(
        dict(content),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=10_000,
    )


def dump_flow(value: Any) -> str:
    """Return a value as YAML on one line: `{file: pairs.tsv, columns: [en, de]}`."""
    text = yaml.dump(
        value,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=1_000_000,
        default_flow_style=True,
    )
    return text.removesuffix("\n").removesuffix("\n...")


def differing_keys(first: Recipe, second: Recipe) -> list[str]:
    """Return the key paths whose values differ, in the order of the schema."""
    return list(_differences(first.model_dump(), second.model_dump(), ()))


def _differences(a: Any, b: Any, path: tuple[str, ...]) -> Iterator[str]:
    # A section that only one recipe has is listed key by key.
    inner_a, inner_b = ({} if value is None else value for value in (a, b))
    if isinstance(inner_a, dict) and isinstance(inner_b, dict) and a is not b:
        inner = [
            key
            for name in dict.fromkeys([*inner_a, *inner_b])
            for key in _differences(inner_a.get(name), inner_b.get(name), (*path, name))
        ]
        yield from inner or ([".".join(path)] if (a is None) != (b is None) else [])
    elif _are_entries(a, b) and path[:1] == ("data",):
        for number, both in enumerate(zip(a, b, strict=True)):
            yield from _differences(*both, ("data", f"{path[-1]}[{number}]"))
    elif a != b or isinstance(a, bool) != isinstance(b, bool):  # True == 1 in Python
        yield ".".join(path)


def _are_entries(a: Any, b: Any) -> bool:
    """Return whether two lists have sections at the same places."""
    are_lists = isinstance(a, list) and isinstance(b, list) and len(a) == len(b)
    return are_lists and all(isinstance(one, dict) for one in (*a, *b))


def recipe_json_schema() -> dict[str, Any]:
    """Return a JSON schema for editors."""
    return Recipe.model_json_schema()

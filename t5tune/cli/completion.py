"""Shell completion: recipes, runs, keys of a recipe and their values."""

from __future__ import annotations

import os
import typing
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal


def complete_recipe(incomplete: str) -> list[str]:
    """Return shipped recipes, recipe files here and runs to continue; the shell completes paths."""
    from t5tune.recipe.catalog import shipped_names

    files = [path.name for path in Path().glob("*.y*ml")] if "/" not in incomplete else []
    return _beginning(incomplete, [*files, *shipped_names(), *_runs()])


def complete_shipped(incomplete: str) -> list[str]:
    """Return the names of the shipped recipes."""
    from t5tune.recipe.catalog import shipped_names

    return _beginning(incomplete, shipped_names())


def complete_run(incomplete: str) -> list[str]:
    """Return the names of runs under `runs/`; the shell completes paths."""
    return _beginning(incomplete, _runs())


def complete_begun_run(incomplete: str) -> list[str]:
    """Return the names of runs, those of sweeps with the name of the sweep before them."""
    from t5tune.experiments.found_runs import find_runs
    from t5tune.run.directory import RUNS

    names: list[str] = []
    with suppress(OSError):  # a directory that cannot be read
        names = [str(run.path.relative_to(RUNS)) for run in find_runs(RUNS)]
    return _beginning(incomplete, names)


def complete_system(incomplete: str) -> list[str]:
    """Return the names of runs, and `base`, the model that the first run started from."""
    return _beginning(incomplete, [*_runs(), "base"])


def complete_change(incomplete: str) -> list[str]:
    """Return KEY=VALUE for a recipe: keys first, then the values that a key may have."""
    from t5tune.recipe.problems import list_keys

    return _complete_change(incomplete, list_keys())


def complete_tried(incomplete: str) -> list[str]:
    """Return KEY=VALUE for the keys that `t5tune eval` can try."""
    from t5tune.recipe.problems import list_keys
    from t5tune.reporting.tried_settings import is_tried

    return _complete_change(incomplete, list(filter(is_tried, list_keys())))


def _complete_change(incomplete: str, keys: list[str]) -> list[str]:
    """Return completions; for a key that takes any value, the bare key and the kind of value.

    With two candidates, shells add no space after their common prefix.
    """
    if (split := _split_by_bash()) is not None:
        return _beginning(split[1], _values(split[0]))
    key, equals, value = incomplete.partition("=")
    if equals:
        return [f"{key}={found}" for found in _beginning(value, _values(key))]
    found = _beginning(incomplete, keys)
    if len(found) > 1:
        return [f"{key}=" for key in found]
    return [
        f"{key}={value}" for key in found for value in _values(key) or ("", _expected(key).upper())
    ]


def _split_by_bash() -> tuple[str, str] | None:
    """Return key and start of the value where bash has split KEY, = and VALUE into words."""
    words = os.environ.get("COMP_WORDS", "").split("\n")
    at = int(os.environ.get("COMP_CWORD", 0))
    if not 2 <= at < len(words):
        return None
    if words[at] == "=":
        return words[at - 1], ""
    return (words[at - 2], words[at]) if words[at - 1] == "=" else None


def complete_metric(incomplete: str) -> list[tuple[str, str]]:
    """Return the matching metrics with what they measure."""
    from t5tune.scoring.registry import METRICS

    return [(name, METRICS[name].description) for name in _beginning(incomplete, METRICS)]


def complete_engine(incomplete: str) -> list[str]:
    """Return the values of `--engine`."""
    from t5tune.decoding.engines import ENGINES

    return _beginning(incomplete, ENGINES)


def complete_format(incomplete: str) -> list[tuple[str, str]]:
    """Return the matching formats of `t5tune translate` with their content."""
    from t5tune.decoding.streaming.input_formats import FORMATS

    return [(name, FORMATS[name].description) for name in _beginning(incomplete, FORMATS)]


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    return [name for name in dict.fromkeys(names) if name.startswith(incomplete)]


def _runs() -> list[str]:
    from t5tune.run.directory import list_runs

    with suppress(OSError):  # a directory that cannot be read
        return [run.path.name for run in list_runs()]
    return []


def _values(key: str) -> list[str]:
    """Return the fixed values of a key."""
    return list(_words(_annotation(key)))


def _words(annotation: Any) -> Iterable[str]:
    if typing.get_origin(annotation) is Literal:
        yield from map(str, typing.get_args(annotation))
        return
    if annotation is bool:
        yield from ("true", "false")
    if typing.get_origin(annotation) is not list:
        for part in typing.get_args(annotation):
            yield from _words(part)


def _expected(key: str) -> str:
    """Return the kind of value that a key takes, in one word."""
    from t5tune.recipe.problems import is_text

    if is_text(key.split(".")):
        return "text"
    shown = str(_annotation(key))
    return "list" if "list" in shown else "number"


def _annotation(key: str) -> Any:
    from t5tune.recipe.problems import field_annotation

    return field_annotation(key.split("."))

"""Problems of a recipe as sentences: file, line, key path and the nearest valid name."""

from __future__ import annotations

import difflib
import re
import typing
from collections.abc import Callable, Iterator, Sequence
from types import UnionType
from typing import Any, Literal

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from t5tune.errors import did_you_mean, visible
from t5tune.recipe.expected_names import answer_key, answer_section, answer_value
from t5tune.recipe.schema import Recipe
from t5tune.recipe.sections.mixed_entry import ONE, SEVERAL
from t5tune.recipe.yaml_lines import KeyPath

Place = Callable[[KeyPath], str]

# Sections for keys that the schema does not list.
FREE_SECTIONS: dict[KeyPath, str] = {
    ("model",): "a field of the model's own configuration goes under model.config",
    ("training",): "a field of transformers.Seq2SeqTrainingArguments goes under training.extra",
}

EXPECTED = (
    ("int", "a whole number"),
    ("float", "a number"),
    ("finite_number", "a finite number"),
    ("bool", "true or false"),
    ("string_type", "text (write it in quotes)"),
    ("list", "a list"),
    ("dict", "keys and values"),
    ("model", "a section with keys of its own"),
)


def describe_problems(error: ValidationError, place: Place) -> list[tuple[KeyPath, str]]:
    """Return one sentence for each wrong key.

    Args:
        error: Error of pydantic.
        place: Function that gives file and line (or "command line") of a key path.

    Returns:
        Key paths and sentences such as `r.yaml:3: training.sed: unknown key; did you mean seed?`
    """
    described: dict[KeyPath, str] = {}
    details = error.errors(include_url=False)
    paths = [_known_path(detail["loc"], detail["type"]) for detail in details]
    wrong_items = {path[:-1] for path in paths if path and isinstance(path[-1], int)}
    for detail, path in zip(details, paths, strict=True):
        # Of the members of a union, the first line says it all, unless a list may stand there.
        if path in described or (path in wrong_items and isinstance(detail["input"], list)):
            continue
        sentence = _describe(detail, path)
        shown = path
        if detail["type"] == "missing":
            path = path[:-1]
        key = visible(_join(shown), one_line=True) or "recipe"
        described[shown] = f"{place(path)}: {key}: {sentence}"
    return list(described.items())


def _join(path: Sequence[str | int]) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f"{'.' if text else ''}{part}"
    return text


def _known_path(location: Sequence[str | int], kind: str) -> KeyPath:
    """Return the location without the members of unions that pydantic adds to it."""
    path: list[str | int] = []
    annotation: Any = Recipe
    for part in location:
        section = _section_of(annotation)
        if part in (ONE, SEVERAL):
            continue
        if isinstance(part, int):
            path.append(part)
            annotation = _item_of(annotation)
        elif section is not None and (part in section.model_fields or kind == "extra_forbidden"):
            path.append(part)
            field = section.model_fields.get(part)
            annotation = field.annotation if field is not None else None
    return tuple(path)


def _members(annotation: Any) -> Iterator[Any]:
    """Yield a type and its arguments, without what annotates them; unions have those of all."""
    if typing.get_origin(annotation) is typing.Annotated:
        annotation = typing.get_args(annotation)[0]
    yield annotation
    for member in typing.get_args(annotation):
        if _is_union(annotation):
            yield from _members(member)
        else:
            yield member


def _section_of(annotation: Any) -> type[BaseModel] | None:
    for candidate in _members(annotation):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def field_annotation(path: Sequence[str | int]) -> Any:
    """Return the type of a key of the schema, None if the key does not exist."""
    annotation: Any = Recipe
    for part in path:
        section = _section_of(annotation)
        if isinstance(part, int):
            annotation = _item_of(annotation)
        elif section is None or part not in section.model_fields:
            return None
        else:
            annotation = section.model_fields[part].annotation
    return annotation


def _item_of(annotation: Any) -> Any:
    """Return the type of the items of a list, None if it is not a list."""
    for candidate in _members(annotation):
        if typing.get_origin(candidate) in (list, Sequence):
            return typing.get_args(candidate)[0]
    return None


def list_keys() -> list[str]:
    """Return every key of the schema that holds a value, with dots."""
    return [
        ".".join((*map(str, path), name))
        for path, names in _all_sections()
        for name in names
        if 0 not in path and _section_of(field_annotation((*path, name))) is None
    ]


def is_key(path: Sequence[str | int]) -> bool:
    """Return whether a recipe may have this key; free sections such as `model.config` have any."""
    for end in range(1, len(path) + 1):
        annotation = field_annotation(path[:end])
        if annotation is None:
            return False
        if typing.get_origin(annotation) is dict:
            return True
    return True


def is_text(path: Sequence[str | int]) -> bool:
    """Return whether this key takes text and nothing else."""
    annotation = field_annotation(path)
    return annotation is str or set(typing.get_args(annotation)) == {str, type(None)}


def _describe(detail: Any, path: KeyPath) -> str:
    kind: str = detail["type"]
    if kind == "extra_forbidden":
        return _unknown_key(path)
    if kind == "missing":
        return "this key is required"
    if kind == "value_error":
        return str(detail["ctx"]["error"])
    choices = _choices(field_annotation(path))
    found = _show(detail["input"])
    if choices:
        answer = answer_value(_name_of(path), str(detail["input"]))
        hint = did_you_mean(str(detail["input"]), choices) if answer is None else _after(answer)
        return f"expected {_one_of(choices)}, found {found}{hint}"
    if kind == "too_short":
        return "the list is empty; leave the key out instead"
    for start, expected in EXPECTED:
        if kind.startswith(start):
            answer = answer_section(_join(path), detail["input"])
            return f"expected {expected}, found {found}{_after(answer)}"
    # The remaining ones are bounds and patterns: "Input should be greater than 0".
    sentence = re.sub(r"^(Input|String|List|Value) should ", "has to ", str(detail["msg"]))
    if kind == "string_pattern_mismatch":
        sentence = "may hold letters, digits, dot, dash and underscore"
    return f"{sentence}, found {found}"


def _after(answer: str | None) -> str:
    return f"; {answer}" if answer else ""


def _name_of(path: KeyPath) -> str:
    """Return the last key of a path, which may end in the number of an item."""
    return next((part for part in reversed(path) if isinstance(part, str)), "")


def _is_union(annotation: Any) -> bool:
    return typing.get_origin(annotation) in (typing.Union, UnionType)


def _choices(annotation: Any) -> list[str]:
    """Return the words that a field may have as values, and examples of its patterns."""
    if typing.get_origin(annotation) is Literal:
        return [str(value) for value in typing.get_args(annotation)]
    if typing.get_origin(annotation) is typing.Annotated:
        return examples_of(annotation)
    if not _is_union(annotation):
        return []
    choices = [c for part in typing.get_args(annotation) for c in _choices(part)]
    if choices and bool in typing.get_args(annotation):
        choices = ["true", "false", *choices]
    return choices


def examples_of(annotation: Any) -> list[str]:
    """Return the examples of a pattern in the schema."""
    return [
        str(example)
        for part in typing.get_args(annotation)
        if isinstance(part, FieldInfo)
        for example in part.examples or ()
    ]


def _one_of(choices: Sequence[str]) -> str:
    return choices[0] if len(choices) == 1 else f"{', '.join(choices[:-1])} or {choices[-1]}"


def _show(value: Any) -> str:
    text = "nothing" if value is None else repr(value)
    if isinstance(value, bool):
        text = text.lower()
    if isinstance(value, (dict, list)):
        text = "a section" if isinstance(value, dict) else "a list"
    return text if len(text) <= 60 else text[:57] + "…'"


def _unknown_key(path: KeyPath) -> str:
    sections = dict(_all_sections())
    parent = tuple(0 if isinstance(part, int) else part for part in path[:-1])
    if parent not in sections:
        parent = tuple(part for part in parent if isinstance(part, str))
    key = str(path[-1])
    near_sections = sorted(sections, key=lambda other: _distance(parent, other))
    answer = answer_key(_join(parent), key)
    for other in near_sections:
        if key in sections[other] and (answer is None or answer.startswith("did you mean")):
            return f"unknown key; {key} belongs under {_join(other) or 'the top level'}"
    if answer is not None:
        return f"unknown key; {answer}"
    names = sections.get(parent, [])
    hint = did_you_mean(key, names)
    if hint:
        return f"unknown key{hint}"
    longer = [name for name in names if name.endswith(f"_{key}")]  # epochs, batch_size
    if len(longer) == 1:
        return f"unknown key; did you mean {longer[0]}?"
    for other in near_sections:
        near = difflib.get_close_matches(key, sections[other], n=1, cutoff=0.8)
        if near:
            return f"unknown key; did you mean {_join((*other, near[0]))}?"
    return f"unknown key; {FREE_SECTIONS[parent]}" if parent in FREE_SECTIONS else "unknown key"


def _distance(path: KeyPath, other: KeyPath) -> tuple[int, int]:
    """Return the number of steps up from one section and down to the other."""
    common = 0
    while common < min(len(path), len(other)) and path[common] == other[common]:
        common += 1
    return len(path) + len(other) - 2 * common, -common


def _all_sections(
    section: type[BaseModel] = Recipe, path: KeyPath = ()
) -> list[tuple[KeyPath, list[str]]]:
    found = [(path, list(section.model_fields))]
    for name, field in section.model_fields.items():
        inner = _section_of(field.annotation)
        if inner is not None:
            found += _all_sections(inner, (*path, name))
        item = _section_of(_item_of(field.annotation))
        if item is not None and item is not inner:  # several may stand where one may
            found += _all_sections(item, (*path, name, 0))
    return found

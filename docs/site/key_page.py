"""The tables of all keys of a recipe, made of the schema."""

from __future__ import annotations

import types
import typing
from collections.abc import Collection, Sequence
from html import escape
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from t5tune.recipe.problems import examples_of
from t5tune.recipe.schema import Recipe
from t5tune.recipe.sections.data_entry import DataEntry
from t5tune.recipe.sections.mixed_entry import DirectedEntry, MixedEntry

NAMES = {int: "whole number", float: "number", str: "text", bool: "true or false"}
LIMITS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
ANY_SIZE = 10**9  # what the schema allows at most where there is no limit that anybody meets


def write_key_tables() -> str:
    """Return Markdown with a heading and a table for each section of the recipe."""
    lines: list[str] = []
    _add_section(lines, Recipe, "")
    return "\n".join(lines) + "\n"


def _add_section(
    lines: list[str], section: type[BaseModel], path: str, known: Collection[str] = ()
) -> None:
    title = f"`{path}`" if path else "Top level"
    lines += [f"## {title}", "", _first_paragraph(section), ""]
    schemas = section.model_json_schema()["properties"]
    lines += ["| key | value | default | meaning |", "|---|---|---|---|"]
    inner: list[tuple[str, type[BaseModel]]] = []
    for name, field in section.model_fields.items():
        if name in known:
            continue
        nested = _nested(field.annotation)
        value = _value(field, schemas[name])
        lines.append(f"| `{name}` | {value} | {_default(field)} | {_meaning(field)} |")
        # A section of an entry is one of `data`, which has its table.
        if nested is not None and nested is not DataEntry and not known:
            inner.append((f"{path}.{name}" if path else name, nested))
    lines.append("")
    for inner_path, nested in inner:
        _add_section(lines, nested, inner_path)
        if inner_path == "data":
            _add_section(lines, DataEntry, "data.train, data.validation, data.test")
            for entry, title, known in (
                (DirectedEntry, "any of them as a list", DataEntry.model_fields),
                (MixedEntry, "data.train as a list", DirectedEntry.model_fields),
            ):
                _add_section(lines, entry, f"{title}: further keys of its entries", known)


def _first_paragraph(section: type[BaseModel]) -> str:
    return " ".join((section.__doc__ or "").strip().split("\n\n")[0].split())


def _nested(annotation: Any) -> type[BaseModel] | None:
    for candidate in (annotation, *typing.get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _value(field: FieldInfo, schema: dict[str, Any]) -> str:
    """Return the kind of a value and what the schema says of a number, such as `> 0, ≤ 1`."""
    limits = {
        f"{sign} {kind[name]:g}": None
        for kind in (schema, *schema.get("anyOf", ()))
        for name, sign in LIMITS.items()
        if name in kind and kind[name] < ANY_SIZE
    }
    name = _type_name(field.annotation)
    if name == "section" and limits:
        return f"number, {', '.join(limits)}; or section"  # a section with a share, or the share
    return ", ".join([name, *limits])


def _type_name(annotation: Any) -> str:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        examples = [f"`{example}`" for example in examples_of(annotation)]
        return ", ".join(examples) or _type_name(arguments[0])
    if origin in (typing.Union, types.UnionType):
        return ", ".join(_type_name(part) for part in arguments if part is not type(None))
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in arguments)
    if origin in (list, Sequence):
        return f"list of {_type_name(arguments[0])}"
    if origin is dict:
        return "keys and values"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "section"
    return NAMES[annotation]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.default
    if value is None or value is PydanticUndefined or field.default_factory is not None:
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _meaning(field: FieldInfo) -> str:
    nested = _nested(field.annotation)
    text = field.description or (_first_paragraph(nested) if nested is not None else "")
    return escape(text.replace("|", "\\|"), quote=False)

"""The page of what programs read: commands with `--json`, and the shape of report.json."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any

from command_page import find_commands

REPORT_SCHEMA = Path(__file__).resolve().parents[2] / "t5tune" / "reporting" / "report.schema.json"


def write_json_shapes() -> str:
    """Return Markdown with the commands that print JSON, and tables of each object of a report."""
    lines = ["## Commands that print JSON", "", "| command | `--json` |", "|---|---|"]
    for name, command, _ in find_commands():
        for option in command.params:
            if "--json" in option.opts:
                lines.append(f"| [`t5tune {name}`](commands.md#{_anchor(name)}) | {option.help} |")
    schema = json.loads(REPORT_SCHEMA.read_text(encoding="utf-8"))
    lines += ["", "## report.json", "", _text(schema), ""]
    lines += ["As a JSON Schema (2020-12): [report.schema.json](report.schema.json).", ""]
    lines += _table(schema)
    for name, definition in schema["$defs"].items():
        lines += [f"### {name}", "", _text(definition), "", *_table(definition)]
    return "\n".join(lines)


def _anchor(name: str) -> str:
    return f"t5tune-{name.replace(' ', '-')}"


def _table(schema: dict[str, Any]) -> list[str]:
    if "properties" not in schema:
        return []
    required = schema.get("required", ())
    lines = ["| key | value | meaning |", "|---|---|---|"]
    for key, value in _flatten(schema["properties"]):
        optional = "" if key in required or "." in key else "may be missing. "
        lines.append(f"| `{key}` | {_kind(value)} | {optional.capitalize()}{_text(value)} |")
    return [*lines, ""]


def _flatten(properties: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Return the keys of an object and, with dots, of the objects that it holds."""
    rows = []
    for key, value in properties.items():
        rows.append((prefix + key, value))
        rows += _flatten(value.get("properties", {}), f"{prefix}{key}.")
    return rows


def _kind(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name})"
    if "anyOf" in schema or "oneOf" in schema:
        return " or ".join(map(_kind, schema.get("anyOf") or schema["oneOf"]))
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        return ", ".join(f"`{json.dumps(value)}`" for value in values)
    kinds = schema.get("type", "anything")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    of_items = f" of {_kind(schema['items'])}" if "items" in schema else ""
    return " or ".join(kind + of_items * (kind == "array") for kind in kinds)


def _text(schema: dict[str, Any]) -> str:
    return escape(schema.get("description", ""), quote=False).replace("|", "\\|")

"""The page of all commands, made of the options that the command line has."""

from __future__ import annotations

from html import escape
from typing import Any

import typer.main

from t5tune.cli.app import app


def write_commands() -> str:
    """Return Markdown with a section for each command."""
    lines: list[str] = []
    for name, command, context in find_commands():
        lines += [f"## t5tune {name}", "", *_describe(command, context), ""]
    return "\n".join(lines)


def find_commands() -> list[tuple[str, Any, Any]]:
    """Return name, command and context of each command and of those below groups."""
    root = typer.main.get_command(app)
    return _find_below(root, root.make_context("t5tune", [], resilient_parsing=True), "")


def _find_below(group: Any, context: Any, prefix: str) -> list[tuple[str, Any, Any]]:
    found = []
    for name, command in group.commands.items():
        if command.hidden:
            continue
        inner = command.make_context(name, [], parent=context, resilient_parsing=True)
        if hasattr(command, "commands"):
            found += _find_below(command, inner, f"{prefix}{name} ")
        else:
            found.append((prefix + name, command, inner))
    return found


def _describe(command: Any, context: Any) -> list[str]:
    command.get_help(context)  # which puts the names of formats into the help of some options
    lines = [(command.help or "").strip(), "", "```text"]
    usage = command.get_usage(context).removeprefix("Usage: ")
    lines += [" ".join(usage.split()), "```", ""]
    records = [
        parameter.get_help_record(context)
        for parameter in command.params
        if not getattr(parameter, "hidden", False) and parameter.name != "help"
    ]
    rows = [
        f"| <code>{_cell(name.rstrip())}</code> | {_cell(meaning)} |"
        for name, meaning in filter(None, records)
    ]
    return lines + (["| argument or option | meaning |", "|---|---|", *rows] if rows else [])


def _cell(text: str) -> str:
    return " ".join(escape(text, quote=False).replace("|", "&#124;").split())

"""The page of the Python door, made of docstrings and signatures; nothing is imported for it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "t5tune"
TITLES = {"Args": "argument", "Attributes": "field", "Raises": "exception"}
_SECTION = re.compile(
    rf"^({'|'.join(TITLES)}|Returns|Yields):\n((?:(?:    .*)?\n?)+)", re.MULTILINE
)
_ENTRY = re.compile(r"^([\w.]+): (.+\n(?:    .*\n)*)", re.MULTILINE)
WIDTH = 88


def write_names() -> str:
    """Return Markdown with a section for each public name of the package."""
    stub = ast.parse((PACKAGE / "__init__.pyi").read_text(encoding="utf-8"))
    found = [
        _find(PACKAGE.joinpath(*(line.module or "").split(".")).with_suffix(".py"), name.name)
        for line in stub.body
        if isinstance(line, ast.ImportFrom)
        for name in line.names
    ]
    functions, classes = ["## Functions", ""], ["## Classes", ""]
    for node in sorted(found, key=lambda node: node.name):
        if isinstance(node, ast.FunctionDef):
            functions += _describe_function(node, "###", "t5tune")
        else:
            classes += _describe_class(node)
    return "\n".join(functions + classes)


def _find(path: Path, name: str) -> ast.FunctionDef | ast.ClassDef:
    """Return the definition of a name in a module."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == name:
            return node
    raise LookupError(f"{path}: no function or class is called {name}")


def _describe_class(node: ast.ClassDef) -> list[str]:
    lines = [f"### {node.name}", ""]
    fields = [_field(line) for line in node.body if isinstance(line, ast.AnnAssign)]
    if fields:
        lines += [
            "```python",
            f"class {node.name}:",
            *(f"    {field}" for field in fields),
            "```",
            "",
        ]
    lines += _read_docstring(node)
    for method in node.body:
        is_public = isinstance(method, ast.FunctionDef) and not method.name.startswith("_")
        if is_public and ast.get_docstring(method):
            lines += _describe_function(method, "####", node.name)
    return lines


def _field(line: ast.AnnAssign) -> str:
    """Return a field with its type, and with its default unless a function makes it."""
    kind, default = line.annotation, line.value
    if isinstance(kind, ast.Subscript) and ast.unparse(kind.value) == "Annotated":
        assert isinstance(kind.slice, ast.Tuple)
        kind = kind.slice.elts[0]
    equals = (
        "" if default is None or isinstance(default, ast.Call) else f" = {ast.unparse(default)}"
    )
    return f"{ast.unparse(line.target)}: {ast.unparse(kind)}{equals}"


def _describe_function(node: ast.FunctionDef, level: str, owner: str) -> list[str]:
    is_property = {"property", "cached_property"} & set(map(ast.unparse, node.decorator_list))
    name = f"{owner}.{node.name}"
    lines = [f"{level} {name}", ""]
    if not is_property:
        lines += ["```python", _signature(node, name), "```", ""]
    return lines + _read_docstring(node)


def _signature(node: ast.FunctionDef, name: str) -> str:
    """Return a call, with one parameter in a line where one line is too short for all."""
    parameters = list(_parameters(node.args))
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    flat = f"{name}({', '.join(parameters)}){returns}"
    if len(flat) <= WIDTH:
        return flat
    return f"{name}(\n" + "".join(f"    {one},\n" for one in parameters) + f"){returns}"


def _parameters(arguments: ast.arguments) -> Iterator[str]:
    """Yield each parameter as it is written, without `self`."""
    plain = [*arguments.posonlyargs, *arguments.args]
    missing: list[ast.expr | None] = [None] * (len(plain) - len(arguments.defaults))
    for argument, default in zip(plain, [*missing, *arguments.defaults], strict=True):
        if argument.arg != "self":
            yield _parameter(argument, default)
        if argument is (arguments.posonlyargs or [None])[-1]:
            yield "/"
    if arguments.vararg:
        yield "*" + _parameter(arguments.vararg, None)
    elif arguments.kwonlyargs:
        yield "*"
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield _parameter(argument, default)
    if arguments.kwarg:
        yield "**" + _parameter(arguments.kwarg, None)


def _parameter(argument: ast.arg, default: ast.expr | None) -> str:
    annotation = f": {ast.unparse(argument.annotation)}" if argument.annotation else ""
    equals = " = " if annotation else "="
    return argument.arg + annotation + (equals + ast.unparse(default) if default else "")


def _read_docstring(node: ast.FunctionDef | ast.ClassDef) -> list[str]:
    """Return a docstring in Google's style as Markdown."""
    text = (ast.get_docstring(node) or "") + "\n"
    lines = [_SECTION.sub("", text).strip(), ""]
    for section in _SECTION.finditer(text):
        title, body = (
            section[1],
            re.sub(r"^    ", "", section[2], flags=re.MULTILINE).strip() + "\n",
        )
        if title not in TITLES:
            lines += [f"**{title}:** {' '.join(body.split())}", ""]
            continue
        lines += [f"| {TITLES[title]} | |", "|---|---|"]
        for entry in _ENTRY.finditer(body):
            meaning = " ".join(entry[2].split()).replace("|", "\\|")
            lines.append(f"| `{entry[1]}` | {meaning} |")
        lines.append("")
    return lines

"""Read the blocks of code of the pages, and the commands in them.

A block is marked by a comment on the line before it, which rendered pages do not show:
`<!-- not run: REASON -->` where no test runs it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import REPOSITORY

_BLOCK = re.compile(
    r"(?:^ *<!-- not run: (?P<reason>[^\n]+?) -->\n\n?)?"
    r"^(?P<indent> *)```(?P<language>[^\n]*)\n(?P<text>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
_CONTROL = {"|", "&&", "||", ";", "&"}
_REDIRECTIONS = {"<", ">", ">>", "2>", "&>"}


@dataclass(frozen=True)
class Block:
    """A block of code in a page."""

    page: str
    line: int
    language: str
    text: str
    reason: str | None

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass
class Command:
    """A program with its arguments, and the files that its streams are connected to."""

    arguments: list[str] = field(default_factory=list)
    redirections: dict[str, str] = field(default_factory=dict)
    is_piped: bool = False


def find_pages() -> list[Path]:
    """Return README.md, CONTRIBUTING.md and every page in docs/."""
    pages = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md"]
    return pages + sorted((REPOSITORY / "docs").rglob("*.md"))


def read_blocks(*languages: str) -> list[Block]:
    """Return the blocks of all pages in these languages, or in any."""
    blocks = []
    for page in find_pages():
        text = page.read_text(encoding="utf-8")
        for found in _BLOCK.finditer(text):
            line = text.count("\n", 0, found.start("language")) + 1
            name = str(page.relative_to(REPOSITORY))
            block = Block(name, line, found["language"], found["text"], found["reason"])
            if not languages or block.language in languages:
                blocks.append(block)
    return blocks


def read_lines(block: Block) -> Iterator[list[Command]]:
    """Yield the commands of each line of a block; those of a pipeline are in one line."""
    text = block.text.replace("\\\n", " ")
    lines = text.split("\n")
    if block.language == "console":
        lines = [line[2:] for line in lines if line.startswith("$ ")]
    pending = ""
    for line in lines:
        pending += line
        try:
            tokens = _split(pending)
        except ValueError:  # a quotation that the next line goes on with
            pending += "\n"
            continue
        pending = ""
        if commands := list(_commands(tokens)):
            yield commands
    assert not pending, f"{block}: a quotation does not end"


def _split(line: str) -> list[str]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    return list(lexer)


def _commands(tokens: list[str]) -> Iterator[Command]:
    command = Command()
    remaining = iter(tokens)
    for token in remaining:
        if token in _CONTROL:
            command.is_piped = token == "|"
            yield command
            command = Command()
        elif token in _REDIRECTIONS:
            command.redirections[token] = next(remaining)
        elif command.arguments or not re.match(r"[A-Z_0-9]+=", token):
            command.arguments.append(token)  # but for variables before a program
    if command.arguments:
        yield command

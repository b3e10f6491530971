"""Pieces of Markdown (GitHub's dialect), safe for whatever text a model or a file holds."""

from __future__ import annotations

import re
from collections.abc import Sequence

# The JSON has the full texts; a page of text does not fit a table cell.
_MAX_CHARACTERS_SHOWN = 400

# Characters with a meaning inside a line; block markup cannot start in a table cell or a heading.
_MARKUP = re.compile(r"([\\`*_\[\]<>#|~$&])")
_LINE_END = re.compile(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f]")


def table_of(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; its cells are Markdown already."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def cell(text: str) -> str:
    """Return a text as a cell of a table, cut where it is long."""
    if not text.strip():
        return "*(empty)*"
    if len(text) > _MAX_CHARACTERS_SHOWN:
        text = text[:_MAX_CHARACTERS_SHOWN].rstrip() + " …"
    return escape(text)


def escape(text: str) -> str:
    """Return the text on one line, with Markdown and HTML escaped."""
    printable = _CONTROL.sub("\ufffd", text.strip())
    return _MARKUP.sub(r"\\\1", _LINE_END.sub(" ⏎ ", printable))


def code(text: str) -> str:
    """Return the text as a code span, whose fence is longer than any run of backticks inside."""
    text = _LINE_END.sub(" ", text)
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    padding = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{padding}{text}{padding}{fence}"


def code_in_cell(text: str) -> str:
    """Return the text as a code span inside a table."""
    # In a table a pipe ends the cell even inside a code span, unless escaped.
    return code(text).replace("|", "\\|")

r"""A table as LaTeX, with the rules of the package booktabs, no wider than the text."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_",
    "%": r"\%",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar\allowbreak{}",  # signatures are long
    '"': r"\symbol{34}",
    "`": r"\symbol{96}",
    "±": r"$\pm$",
    "…": r"\dots{}",
    "–": "--",
    # After a row's end LaTeX takes them for arguments of \\.
    "[": "{[}",
    "*": "{*}",
}
_MINUS = re.compile(r"(?<![\w.])-(?=[\d.])")  # of a negative number: a hyphen would be too short
_PLUS = re.compile(r"(?<![\w.])\+(?=[\d.])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def escape_latex(text: str) -> str:
    """Return a text that LaTeX sets as it is, with the minus of numbers as long as their plus."""
    parts: list[str] = []
    position = 0
    signs = sorted([*_MINUS.finditer(text), *_PLUS.finditer(text)], key=lambda found: found.start())
    for sign in signs:
        parts += [_escape(text[position : sign.start()]), f"${sign[0]}$"]
        position = sign.end()
    return "".join([*parts, _escape(text[position:])])


def _escape(text: str) -> str:
    text = _CONTROL.sub(" ", text)
    return "".join(_SPECIAL.get(character, character) for character in text)


def format_latex(
    alignment: str,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    starts: Collection[int],
    notes: Sequence[str],
) -> str:
    r"""Return a table environment.

    Args:
        alignment: One of `l`, `c` and `r` for each column.
        header: Names of the columns, as plain text like everything else.
        rows: Cells.
        starts: Numbers of the rows, from 0, before which there is a little space.
        notes: Sentences below the table.
    """
    lines = [
        r"% needs \usepackage{booktabs,graphicx}" + _say_engine(header, rows, notes),
        r"\begin{table}",
        r"\centering",
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        rf"\begin{{tabular}}{{@{{}}{alignment}@{{}}}}",
        r"\toprule",
        _format_row(header),
        r"\midrule",
    ]
    for number, row in enumerate(rows):
        if number in starts:
            lines.append(r"\addlinespace")
        lines.append(_format_row(row))
    lines += [r"\bottomrule", r"\end{tabular}}"]
    if notes:
        lines.append(r"\par\medskip\footnotesize\raggedright")
        lines += [rf"{escape_latex(note)}\par" for note in notes]
    return "\n".join([*lines, r"\end{table}"])


def _format_row(cells: Sequence[str]) -> str:
    return " & ".join(map(escape_latex, cells)) + r" \\"


def _say_engine(*texts: Sequence[str] | Sequence[Sequence[str]]) -> str:
    """Return what to add about letters that pdfLaTeX may not have."""
    everything = "".join(escape_latex("".join(part)) for text in texts for part in text)
    return "" if everything.isascii() else "; letters beyond ASCII need LuaLaTeX or XeLaTeX"

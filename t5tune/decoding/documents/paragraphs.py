r"""The paragraphs of a document; everything else in it stays as it is.

A paragraph is a list of pieces of the document, one for each line, as pairs of start and end;
between two pieces there is a line break with the indentation or the "> " around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate

Piece = tuple[int, int]
Paragraph = list[Piece]

_QUOTE = r"[ \t]*(?:(?:>[ \t]?)+[ \t]*)?"
_MARKER = (
    r"(?:(?:[-*+•‣◦▪–—]|#{1,6}|\(?(?:\d{1,3}|[a-z]|[ivx]{1,5})[.)])[ \t]+)?"
    r"(?:\[[ xX]\][ \t]+)?"
)
_QUOTE_AT_START = re.compile(_QUOTE)
_MARKER_AT_START = re.compile(_MARKER)
_FENCE = re.compile(r"[ \t>]*(`{3,}|~{3,})")
_TASK = re.compile(r"\[[ xX]\][ \t]+")
_FRONT_MATTER = re.compile(r"(---|\+\+\+)[ \t\r]*\n(?:.*\n)*?\1[ \t\r]*(?:\n|\Z)")
# Beyond CommonMark: what GitHub, Pandoc and others write into their Markdown.
_FOOTNOTE = re.compile(rf"^({_QUOTE})(\[\^[^\]\s]+\]:)(?=[ \t])", re.MULTILINE)
_ALERT = re.compile(r"\[![A-Za-z]+\][+-]?[ \t]*")
_MATH = re.compile(
    rf"^{_QUOTE}(?:(?P<dollars>\$\$)|(?P<bracket>\\\[)|\\begin\{{(?P<name>[a-z]+\*?)\}})"
    rf"(?:(?!\n{_QUOTE}(?:\n|\Z|```|~~~)).)*?"
    r"(?(dollars)(?<=.)\$\$|(?(bracket)\\\]|\\end\{(?P=name)\}))(?=[ \t]*$)",
    re.MULTILINE | re.DOTALL,
)
_KEPT = "\ufffc"  # a letter without meaning to the parser
_HARD_BREAK = re.compile(r"(?: {2,}|\\)$")

WRAPPED_WIDTH = 40  # characters; shorter lines were not wrapped


def find_paragraphs(text: str) -> Iterator[Paragraph]:
    """Find the paragraphs of plain text.

    Markers of lists, headings and quotations, indentation and fenced code are not part of them. A
    line continues in the next one if the first word of that one would not have fitted, as when an
    editor wraps lines, or begins with a lower-case letter. All other lines are paragraphs of
    their own, as in verse or an address.
    """
    paragraph: Paragraph = []
    previous_quote = ""
    width = 0
    fence = ""
    for start, end in _lines(text):
        content = text[start:end]
        mark = _FENCE.match(content)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        quote_end = _end_of_match(_QUOTE_AT_START, content)
        marker_end = _end_of_match(_MARKER_AT_START, content, quote_end)
        piece = _strip(text, start + marker_end, end)
        if fence or mark or piece is None:
            yield from _split_unwrapped(text, paragraph, width)
            paragraph, width = [], 0
            continue
        quote = content[:quote_end].replace(" ", "").replace("\t", "")
        if marker_end > quote_end or (paragraph and quote != previous_quote):
            yield from _split_unwrapped(text, paragraph, width)
            paragraph, width = [], 0
        previous_quote = quote
        paragraph.append(piece)
        width = max(width, len(content))
    yield from _split_unwrapped(text, paragraph, width)


def _split_unwrapped(text: str, pieces: Paragraph, width: int) -> Iterator[Paragraph]:
    """Split lines into paragraphs of lines that belong together."""
    current: Paragraph = []
    for piece in pieces:
        if current:
            last = current[-1]
            line_start = text.rfind("\n", 0, last[0]) + 1
            first_word = re.split(r"\s", text[piece[0] : piece[1]], maxsplit=1)[0]
            is_full = last[1] - line_start + 1 + len(first_word) > width >= WRAPPED_WIDTH
            continues = text[piece[0]].islower() and text[last[1] - 1] not in ".!?:;"
            if not (is_full or continues):
                yield current
                current = []
        current.append(piece)
    if current:
        yield current


def find_markdown_paragraphs(text: str) -> Iterator[Paragraph]:
    """Find the paragraphs, headings, list items, table cells and footnotes of Markdown.

    The dialect is CommonMark with tables and common extensions: footnotes, whose marks are kept
    and whose text is translated, the marks of alerts (`[!NOTE]`), and displayed math.
    """
    from markdown_it import MarkdownIt

    front = _FRONT_MATTER.match(text)
    start = front.end() if front else 0
    # To the parser "\r" ends a line, to us it does not; one character stays one character.
    flat = _hide_extensions(text.replace("\r", " ").replace("\0", " "), start)
    parser = MarkdownIt("commonmark").enable("table")
    parser.core.ruler.enableOnly(["normalize", "block"])
    starts = list(accumulate((len(line) + 1 for line in flat[start:].split("\n")), initial=start))
    cursor = start  # within a row of a table cells follow one another
    for token in parser.parse(flat[start:]):
        if token.type == "inline" and token.map is not None:
            pieces, cursor = _locate(flat, token.content, token.map, starts, cursor)
            for found in _split_at_kept(flat, pieces):
                yield from _split_hard_breaks(text, found)


def _hide_extensions(text: str, start: int) -> str:
    """Replace extensions by constructs of CommonMark that take as many characters."""

    def hide_math(match: re.Match[str]) -> str:
        lines = match[0].split("\n")
        ends = [_end_of_match(_QUOTE_AT_START, line) for line in lines]
        return "\n".join(
            line[:end] + _KEPT * (len(line) - end) for line, end in zip(lines, ends, strict=True)
        )

    def hide_footnote(match: re.Match[str]) -> str:
        # A list item continues in indented paragraphs, as a footnote does.
        return f"{match[1]}-   {_KEPT * (len(match[2]) - 4)}"

    body = _MATH.sub(hide_math, text[start:].replace(_KEPT, "x"))
    return text[:start] + _FOOTNOTE.sub(hide_footnote, body)


def _split_at_kept(flat: str, pieces: list[Piece]) -> Iterator[list[Piece]]:
    """Return the parts of a paragraph to translate: those between hidden ones, without alerts."""
    current: list[Piece] = []
    for i, (start, end) in enumerate(pieces):
        while start < end and flat[start] in _KEPT + " \t":
            start += 1
        alert = _ALERT.match(flat, start, end) if i == 0 else None
        if alert:
            yield [(alert.end(), end)] if alert.end() < end else []
        elif start < end:
            current.append((start, end))
        else:
            yield current
            current = []
    yield current


def _locate(
    text: str, content: str, lines: Sequence[int], starts: list[int], cursor: int
) -> tuple[list[Piece], int]:
    """Return where the lines of a token's content stand in the document, and where they end.

    The content has a first line, and a line after its last one; each line of the document starts
    at a position. Before the cursor nothing is looked for.
    """
    pieces: list[Piece] = []
    cursor = max(cursor, starts[lines[0]])
    for line in content.split("\n"):
        wanted = line.strip()
        limit = starts[min(lines[1], len(starts) - 1)]
        if not wanted:
            continue
        for spelling in (wanted, wanted.replace("|", "\\|")):
            found = text.find(spelling, cursor, limit)
            if found >= 0:
                break
        else:
            return [], cursor
        cursor = found + len(spelling)
        task = _TASK.match(text, found, cursor) if not pieces else None
        pieces.append((task.end() if task else found, cursor))
    return [piece for piece in pieces if piece[0] < piece[1]], cursor


def _split_hard_breaks(text: str, pieces: list[Piece]) -> Iterator[Paragraph]:
    """Split at intended line breaks: two blanks or a backslash at the end of a line."""
    current: Paragraph = []
    for start, end in pieces:
        current.append((start, end))
        newline = text.find("\n", end)
        line = text[start : newline if newline >= 0 else len(text)].rstrip("\r")
        if _HARD_BREAK.search(line):
            current[-1] = (start, start + len(text[start:end].rstrip("\\ ")))
            yield current
            current = []
    if current:
        yield current


def _end_of_match(pattern: re.Pattern[str], text: str, start: int = 0) -> int:
    """Return where the match that begins at `start` ends; `start` if there is none."""
    match = pattern.match(text, start)
    return match.end() if match else start


def _lines(text: str) -> Iterator[Piece]:
    start = 0
    for line in text.split("\n"):
        yield start, start + len(line)
        start += len(line) + 1


def _strip(text: str, start: int, end: int) -> Piece | None:
    """Return the part without white space at its ends; None if nothing is left."""
    content = text[start:end]
    begin = start + len(content) - len(content.lstrip())
    stop = start + len(content.rstrip())
    return (begin, stop) if begin < stop else None

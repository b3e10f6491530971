"""The description of a format of `t5tune translate`, with which its module ends."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from t5tune.errors import T5TuneError
from t5tune.files.text_files import STDIN_NAME

if TYPE_CHECKING:
    from t5tune.decoding.documents.paragraphs import Paragraph
    from t5tune.decoding.streaming.items import Kind
    from t5tune.decoding.streaming.lines import Line
    from t5tune.decoding.translator import Hypothesis


@dataclass(frozen=True)
class Layout:
    """The form of the input and of the output."""

    format: str = "text"
    column: str | None = None  # of the source, in tables and JSON lines
    into: str = "translation"  # column or field of the translation
    is_document: bool = False  # whether the text is split into sentences and put together again
    as_json: bool = False  # whether each line of text becomes an object


@dataclass(frozen=True)
class InputFormat:
    """A format that can be read, and written with translations in it."""

    name: str  # value of `--format`
    description: str  # content of such an input in a few words, for the help
    # Function that returns how lines are read and written, given the layout, the name of the input
    # and whether several translations of each are written; None for a format of documents.
    build: Callable[[Layout, str, bool], Kind[Any]] | None = None
    # Function that finds the text in a document; None if it is not for documents.
    find_paragraphs: Callable[[str], Iterator[Paragraph]] | None = None
    endings: tuple[str, ...] = ()  # endings of the names of such files, in lower case
    # Option that names the place of the source; None if a whole line is the source.
    column: str | None = None
    has_n_best: bool = False  # whether several translations of a source can be written
    has_json: bool = False  # whether its lines can be written as JSON objects instead


@dataclass(frozen=True)
class Entry:
    """A line of input."""

    line: Line  # as it was read
    source: str  # text to translate; a blank one stays blank and costs nothing


class LineFormat(Protocol):
    """How a line is read and written."""

    def parse(self, line: Line) -> Entry:
        """Return a line with the text to translate.

        Raises:
            T5TuneError: The line is not in this format.
        """
        ...

    def render(self, entry: Entry, hypotheses: Sequence[Hypothesis]) -> str:
        """Return the output for a line, newline included.

        Hypotheses come best first; a blank source has none.
        """
        ...


def refuse_line(name: str, number: int, reason: str, next_command: str = "") -> T5TuneError:
    """Return the error about a line that is not in the format that was named."""
    file = "FILE" if name == STDIN_NAME else shlex.quote(name)
    return T5TuneError(
        f"Line {number} of {name} {reason}{'' if reason.endswith('?') else '.'}",
        next_command=next_command or f"sed -n {number}p {file}",
    )


def n_best_fields(hypotheses: Sequence[Hypothesis], name: str, *, is_list: bool) -> dict[str, Any]:
    """Return the JSON field of the translation, and `n_best` if several are written."""
    best = {name: hypotheses[0].text if hypotheses else ""}
    found = [{"text": found.text, "score": found.score} for found in hypotheses]
    return {**best, "n_best": found} if is_list else best

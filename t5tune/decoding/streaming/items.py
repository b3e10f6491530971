"""Items of a stream of translations: lines, or the sentences of a document."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from t5tune.decoding.streaming.input_format import Entry, LineFormat
from t5tune.decoding.streaming.lines import FileFacts, Line, TextInput, split_into_lines
from t5tune.errors import T5TuneError
from t5tune.files.text_files import BOM

if TYPE_CHECKING:
    from t5tune.decoding.documents.paragraphs import Paragraph
    from t5tune.decoding.documents.splitting import Segment
    from t5tune.decoding.translator import Hypothesis

_BLOCK = 256  # number of segments of a document in one block


class Item(Protocol):
    """A line, or a sentence of a document."""

    @property
    def source(self) -> str:
        """Text to translate; a blank one is not translated."""
        ...


ItemT = TypeVar("ItemT", bound=Item)


class Kind(ABC, Generic[ItemT]):
    """A way to turn input into items, and items with hypotheses into output."""

    unit: str  # word for the items, in the plural

    def check(self, line: Line) -> None:
        """Check a line before anything is translated; by default, accept it.

        Raises:
            T5TuneError: The line is not in the format.
        """

    def end_check(self) -> None:
        """Check that the input is complete, after all lines were checked; by default, it is.

        Raises:
            T5TuneError: Its last item is not complete.
        """

    @abstractmethod
    def read(self, source: TextInput) -> Iterator[list[ItemT]]:
        """Yield items as they arrive.

        Raises:
            T5TuneError: An item cannot be read; raised after all items before it.
        """

    @abstractmethod
    def weigh(self, item: ItemT) -> int:
        """Return the number of characters of an item."""

    @abstractmethod
    def render(self, item: ItemT, hypotheses: Sequence[Hypothesis]) -> str:
        """Return an item's part of the output; hypotheses come best first."""

    def count(self, facts: FileFacts) -> int | None:
        """Return the number of items of a file; None, as by default, if it is unknown."""
        return None

    @abstractmethod
    def name(self, item: ItemT) -> str:
        """Return the name of an item in messages."""


class Lines(Kind[Entry]):
    """Input with one text on each line."""

    unit = "lines"

    def __init__(self, format_: LineFormat, *, is_checked: bool = True) -> None:
        self.format = format_
        self.is_checked = is_checked  # whether a line may be refused

    def check(self, line: Line) -> None:
        """Refuse a line that is not in the format."""
        if self.is_checked:
            self.format.parse(line)

    def read(self, source: TextInput) -> Iterator[list[Entry]]:
        for lines in split_into_lines(source.read(), source.name):
            yield from self._parse(lines)

    def _parse(self, lines: Iterable[Line]) -> Iterator[list[Entry]]:
        """Yield entries; where a line is refused, those before it come first."""
        entries: list[Entry] = []
        fault: T5TuneError | None = None
        try:
            for line in lines:
                entries.append(self.format.parse(line))
        except T5TuneError as error:
            fault = error
        yield entries
        if fault is not None:
            raise fault

    def weigh(self, entry: Entry) -> int:
        return len(entry.line.text)

    def render(self, entry: Entry, hypotheses: Sequence[Hypothesis]) -> str:
        return self.format.render(entry, hypotheses)

    def count(self, facts: FileFacts) -> int:
        return facts.num_lines

    def name(self, entry: Entry) -> str:
        return f"line {entry.line.number:,}"


class Document(Kind["Segment"]):
    """Input that is one document."""

    unit = "sentences"

    def __init__(
        self, find_paragraphs: Callable[[str], Iterator[Paragraph]], language: str | None
    ) -> None:
        self.find_paragraphs = find_paragraphs
        self.language = language

    def read(self, source: TextInput) -> Iterator[list[Segment]]:
        from t5tune.decoding.documents.splitting import split_document

        blocks: list[bytes] = []

        def keep() -> Iterator[bytes]:
            for block in source.read():
                blocks.append(block)
                yield block

        for _ in split_into_lines(keep(), source.name):
            pass  # refuses bytes that are not text
        text = b"".join(blocks).decode("utf-8")
        mark = BOM if text.startswith(BOM) else ""
        segments = split_document(
            text.removeprefix(BOM), self.find_paragraphs, language=self.language
        )
        segments[0] = replace(segments[0], before=mark + segments[0].before)
        for start in range(0, len(segments), _BLOCK):
            yield segments[start : start + _BLOCK]

    def weigh(self, segment: Segment) -> int:
        return len(segment.before) + len(segment.source)

    def render(self, segment: Segment, hypotheses: Sequence[Hypothesis]) -> str:
        return segment.render(hypotheses[0].text if hypotheses else "")

    def name(self, segment: Segment) -> str:
        return f"the sentence {segment.source[:40]!r}"

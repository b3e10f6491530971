"""Items of a stream of translations: lines, or the sentences of a document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from t5tune.decoding.documents.splitting import Segment, split_document
from t5tune.decoding.streaming.cells import ColumnsFormat, RowJoiner
from t5tune.decoding.streaming.formats import Entry, Format, TextFormat
from t5tune.decoding.streaming.lines import FileFacts, Line, TextInput, split_into_lines
from t5tune.decoding.translator import Hypothesis
from t5tune.errors import T5TuneError
from t5tune.files.text_files import BOM

_BLOCK = 256  # number of segments of a document in one block


class Item(Protocol):
    """A line, or a sentence of a document."""

    @property
    def source(self) -> str:
        """Text to translate; a blank one is not translated."""
        ...


ItemT = TypeVar("ItemT", bound=Item)


class Kind(Protocol[ItemT]):
    """A way to turn input into items, and items with hypotheses into output.

    Attributes:
        unit: Word for the items, in the plural.
    """

    unit: str

    def check(self, line: Line) -> object:
        """Check a line before anything is translated.

        Raises:
            T5TuneError: The line is not in the format.
        """
        ...

    def end_check(self) -> None:
        """Check that the input is complete, after all lines were checked.

        Raises:
            T5TuneError: Its last item is not complete.
        """
        ...

    def read(self, source: TextInput) -> Iterator[list[ItemT]]:
        """Yield items as they arrive.

        Raises:
            T5TuneError: An item cannot be read; raised after all items before it.
        """
        ...

    def weigh(self, item: ItemT) -> int:
        """Return the number of characters of an item."""
        ...

    def render(self, item: ItemT, hypotheses: Sequence[Hypothesis]) -> str:
        """Return an item's part of the output; hypotheses come best first."""
        ...

    def count(self, facts: FileFacts | None) -> int | None:
        """Return the number of items; None if it is unknown."""
        ...

    def name(self, item: ItemT) -> str:
        """Return the name of an item in messages."""
        ...


class Lines:
    """Input with one text on each line, in one of the formats."""

    unit = "lines"

    def __init__(self, format_: Format) -> None:
        self.format = format_

    def check(self, line: Line) -> None:
        """Refuse a line that is not in the format."""
        if not isinstance(self.format, TextFormat):
            self.format.parse(line)

    def end_check(self) -> None:
        """Accept: a line is always complete."""

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

    def count(self, facts: FileFacts | None) -> int | None:
        return None if facts is None else facts.num_lines

    def name(self, entry: Entry) -> str:
        return f"line {entry.line.number:,}"


class Rows(Lines):
    """Input with one row on each line, or on several if a CSV cell has line breaks.

    Args:
        format_: Format of the rows.
        name: Name of the input, for messages.
    """

    unit = "rows"

    def __init__(self, format_: ColumnsFormat, name: str) -> None:
        super().__init__(format_)
        self._name = name
        self._checked = RowJoiner(name)
        self._num_rows = 0

    def check(self, line: Line) -> None:
        for row in self._checked.join([line]):
            self.format.parse(row)
            self._num_rows += 1

    def end_check(self) -> None:
        self._checked.end()

    def read(self, source: TextInput) -> Iterator[list[Entry]]:
        joiner = RowJoiner(self._name)
        for lines in split_into_lines(source.read(), source.name):
            yield from self._parse(joiner.join(lines))
        joiner.end()

    def count(self, facts: FileFacts | None) -> int | None:
        return None if facts is None else self._num_rows


class Document:
    """Input that is one document."""

    unit = "sentences"

    def __init__(self, language: str | None, *, is_markdown: bool) -> None:
        self.language = language
        self.is_markdown = is_markdown

    def check(self, line: Line) -> None:
        """Accept: every text is a document."""

    def end_check(self) -> None:
        """Accept: every text is a document."""

    def read(self, source: TextInput) -> Iterator[list[Segment]]:
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
            text.removeprefix(BOM), language=self.language, is_markdown=self.is_markdown
        )
        segments[0] = replace(segments[0], before=mark + segments[0].before)
        for start in range(0, len(segments), _BLOCK):
            yield segments[start : start + _BLOCK]

    def weigh(self, segment: Segment) -> int:
        return len(segment.before) + len(segment.source)

    def render(self, segment: Segment, hypotheses: Sequence[Hypothesis]) -> str:
        return segment.render(hypotheses[0].text if hypotheses else "")

    def count(self, facts: FileFacts | None) -> int | None:
        return None

    def name(self, segment: Segment) -> str:
        return f"the sentence {segment.source[:40]!r}"

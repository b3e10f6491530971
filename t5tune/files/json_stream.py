"""Values of a JSON document that is larger than the memory, one after the other.

A document is read as exactly as `parse_exact_json` reads a text: with numbers as they are spelled,
and without a name that an object has twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from t5tune.errors import T5TuneError
from t5tune.files.json_objects import (
    DECODER,
    LAX_DECODER,
    RepeatedNameError,
    describe_repeated,
)
from t5tune.files.table import BadRow

_BLOCK_CHARACTERS = 1 << 20
# A value that the end of the block cuts off is wrong only near that end: at most a `\uXXXX` or
# `-Infinity` before it, unless it is a text, whose error names its beginning.
_NEAR = 16
_SPACE = " \t\n\r"


class JsonStream:
    """A position in a JSON text, of which only the part around the position is in memory.

    Args:
        stream: Text of the document.
        path: Path of its file, for messages.
        look: Command that shows the file, for messages.
    """

    def __init__(self, stream: TextIO, path: Path, look: str) -> None:
        self._stream = stream
        self.path = path
        self.look = look
        self._text = ""
        self._at = 0
        self._num_lines = 0  # before the text in memory
        self._num_characters = 0  # of the line in which it begins
        self._is_complete = False

    def peek(self) -> str:
        """Return the next character that is not a space; an empty text at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _SPACE:
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if self._is_complete:
                return ""
            self._read_on(_BLOCK_CHARACTERS)

    def take(self, characters: str) -> str:
        """Go past the next character, which has to be one of these.

        Raises:
            T5TuneError: It is another one.
        """
        found = self.peek()
        if not found or found not in characters:
            raise self._refuse(f"Expecting '{characters[0]}' delimiter", self._at)
        self._at += 1
        return found

    def read_value(self, name: str = "") -> Any:
        """Return the next value.

        Args:
            name: Name of the value for the error about a name that occurs twice.

        Raises:
            BadRow: One of its objects has a name twice; what follows can be read.
            T5TuneError: There is none, it is not JSON, or nested too deeply.
        """
        self.peek()
        num = _BLOCK_CHARACTERS
        decoder, refusal = DECODER, None
        while True:
            try:
                value, end = decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                is_cut = error.pos >= len(self._text) - _NEAR or "Unterminated" in error.msg
                if self._is_complete or not is_cut:
                    raise self._refuse(error.msg, error.pos) from None
            except RepeatedNameError as error:
                refusal = self._refuse_repeated(error, name)
                decoder = LAX_DECODER
                continue
            except RecursionError:
                raise T5TuneError(
                    f"{self.path} is nested too deeply to be read.", next_command=self.look
                ) from None
            else:
                # More of a number may follow: its digits, a fraction, an exponent.
                if end + _NEAR <= len(self._text) or self._is_complete:
                    self._at = end
                    if refusal is not None:
                        raise refusal
                    return value
            self._read_on(num)
            num *= 2  # so that a long value is not tried from its beginning for every block

    def read_items(self) -> Iterator[Any]:
        """Yield the values of a list, whose bracket is next, and errors in place of ambiguous ones.

        Raises:
            T5TuneError: The list is not JSON.
        """
        self.take("[")
        if self.peek() == "]":
            self.take("]")
            return
        number = 1
        while True:
            try:
                value = self.read_value(f"row {number}")
            except BadRow as error:
                value = error
            yield value
            number += 1
            if self.take(",]") == "]":
                return

    def read_names(self) -> Iterator[str]:
        """Yield the names of an object, whose brace is next; the caller reads each value.

        Raises:
            T5TuneError: The object is not JSON, or has a name twice.
        """
        self.take("{")
        if self.peek() == "}":
            self.take("}")
            return
        seen: set[str] = set()
        while True:
            if self.peek() != '"':
                raise self._refuse("Expecting property name enclosed in double quotes", self._at)
            name = self.read_value()
            if name in seen:
                raise T5TuneError(
                    f"{self.path} is ambiguous: {describe_repeated(name)}.", next_command=self.look
                )
            seen.add(name)
            self.take(":")
            yield name
            if self.take(",}") == "}":
                return

    def check_end(self) -> None:
        """Raise an error unless nothing follows."""
        if self.peek():
            raise self._refuse("Extra data", self._at)

    def _read_on(self, num: int) -> None:
        before = self._text[: self._at]
        self._num_lines += (newlines := before.count("\n"))
        self._num_characters = (
            len(before) - before.rfind("\n") - 1 + (0 if newlines else self._num_characters)
        )
        block = self._stream.read(num)
        self._is_complete = not block
        self._text = self._text[self._at :] + block
        self._at = 0

    def _locate(self, position: int) -> str:
        """Return the line and the character of a position in the text that is in memory."""
        before = self._text[:position]
        newlines = before.count("\n")
        line = self._num_lines + newlines + 1
        column = len(before) - before.rfind("\n") + (0 if newlines else self._num_characters)
        return f"{'' if line == 1 else f'line {line}, '}character {column}"

    def _refuse(self, reason: str, position: int) -> T5TuneError:
        return T5TuneError(
            f"{self.path} is not JSON: {reason} at {self._locate(position)}.",
            next_command=self.look,
        )

    def _refuse_repeated(self, error: RepeatedNameError, name: str) -> BadRow:
        place = f"{self.path}{name and ', '}{name}"
        return BadRow(
            f"{place} is ambiguous: {error} (it begins at {self._locate(self._at)}).",
            next_command=f"remove one of the two   # {self.look}",
        )

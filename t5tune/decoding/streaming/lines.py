"""Lines of text as they arrive: from a file or a pipe, even one that never ends."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from t5tune.errors import T5TuneError
from t5tune.files.compression import refuse_file
from t5tune.files.recognition import START_BYTES
from t5tune.files.text_files import STDIN_NAME, refuse_binary, refuse_encoding

BLOCK_BYTES = 1 << 16  # capacity of a pipe
MAX_LINE_BYTES = 16 << 20  # no sentence is as long; without a limit one line could fill the memory


@dataclass(frozen=True)
class Line:
    r"""A line of input."""

    number: int  # counted from 1
    text: str  # text between two "\n"; a "\r" at the end and a byte order mark belong to it


@dataclass(frozen=True)
class FileFacts:
    """Facts from reading a complete file once."""

    num_lines: int  # the last one also counts without a newline
    sha256: str  # of its bytes


@dataclass(frozen=True)
class TextInput:
    """A source of text."""

    name: str  # for messages
    # Function that yields its bytes in blocks, each as soon as it arrives.
    read: Callable[[], Iterator[bytes]]
    is_live: bool = False  # whether it can be read only once and may pause
    status: os.stat_result | None = None  # of the file, if it is one


def open_input(source: str | Path | Sequence[str]) -> TextInput:
    """Open a file, standard input (`-`) or texts.

    Raises:
        T5TuneError: The file cannot be read, or a text is not UTF-8.
    """
    if source == "-":
        return _open_stdin()
    return _open_file(Path(source)) if isinstance(source, str | Path) else _from_texts(source)


def _open_file(path: Path) -> TextInput:
    def read() -> Iterator[bytes]:
        try:
            with path.open("rb") as stream:
                while block := stream.read(BLOCK_BYTES):
                    yield block
        except OSError as error:
            raise refuse_file(path, error) from error

    try:
        with path.open("rb") as stream:
            status = os.fstat(stream.fileno())
    except OSError as error:
        raise refuse_file(path, error) from error
    return TextInput(str(path), read, not stat.S_ISREG(status.st_mode), status)


def _open_stdin() -> TextInput:
    """Open standard input, which can be read again if it is a file."""
    try:
        descriptor = sys.stdin.fileno()
    except (OSError, ValueError):  # not a real file
        stream: BinaryIO = sys.stdin.buffer
        return TextInput(STDIN_NAME, lambda: iter(lambda: stream.read(BLOCK_BYTES), b""), True)
    except AttributeError:  # closed
        return TextInput(STDIN_NAME, lambda: iter(()), True)
    status = os.fstat(descriptor)
    is_live = not stat.S_ISREG(status.st_mode)
    start = 0 if is_live else os.lseek(descriptor, 0, os.SEEK_CUR)

    def read() -> Iterator[bytes]:
        try:
            if not is_live:
                os.lseek(descriptor, start, os.SEEK_SET)
            # Bypass Python's buffer, whose lock a thread that waits for input would hold at the
            # exit.
            while block := os.read(descriptor, BLOCK_BYTES):
                yield block
        except OSError as error:
            raise T5TuneError(
                f"{STDIN_NAME} cannot be read: {error.strerror}.",
                next_command="t5tune translate --input FILE",
            ) from error

    return TextInput(STDIN_NAME, read, is_live, status)


def _from_texts(texts: Sequence[str]) -> TextInput:
    # A text with line breaks would come out as a different number of lines.
    lines = [" ".join(text.split("\n")) + "\n" for text in texts]
    try:
        data = "".join(lines).encode("utf-8")
    except UnicodeEncodeError:
        raise T5TuneError(
            "A text is not UTF-8.", next_command="t5tune translate --input FILE"
        ) from None
    return TextInput("the texts", lambda: iter([data]))


def split_into_lines(blocks: Iterator[bytes], name: str) -> Iterator[list[Line]]:
    r"""Yield the lines that end in each block; only "\n" ends a line.

    Raises:
        T5TuneError: A byte is not text; raised after the lines before it.
    """
    number = 1
    rest = b""
    start = b""
    for block in blocks:
        if len(start) < START_BYTES:
            start += block[: START_BYTES - len(start)]
        whole, separator, tail = block.rpartition(b"\n")
        if separator:
            for chunk in _decode(rest + whole, number, name, start):
                number += len(chunk)
                yield chunk
            rest = b""
        rest += tail
        if b"\0" in tail or len(rest) > MAX_LINE_BYTES:
            _check_line(rest, number, name, start)
    if rest:
        yield from _decode(rest, number, name, start)


def _decode(data: bytes, number: int, name: str, start: bytes) -> Iterator[list[Line]]:
    """Yield decoded lines; where one is not text, those before it come first."""
    pieces = data.split(b"\n")
    fault: T5TuneError | None = None
    try:
        if b"\0" in data or max(map(len, pieces)) > MAX_LINE_BYTES:
            raise UnicodeError
        texts = data.decode("utf-8").split("\n")
    except UnicodeError:
        texts = []
        try:
            for piece in pieces:
                texts.append(_check_line(piece, number + len(texts), name, start))
        except T5TuneError as error:
            fault = error
    if texts:
        yield [Line(number + i, text) for i, text in enumerate(texts)]
    if fault is not None:
        raise fault


def _check_line(data: bytes, number: int, name: str, start: bytes) -> str:
    """Return the text of a line.

    Raises:
        T5TuneError: The line has a byte that is not UTF-8 or a NUL, or is too long.
    """
    try:
        text = data.decode("utf-8")
        position = len(data)
    except UnicodeDecodeError as error:
        position = error.start
        is_cut = error.reason == "unexpected end of data" and len(data) > MAX_LINE_BYTES
        if b"\0" not in data[:position] and not is_cut:
            raise refuse_encoding(name, number, position + 1, data[position], start=start) from None
        text = ""
    nul = data.find(b"\0", 0, position)
    if nul >= 0:
        raise refuse_binary(name, start) or T5TuneError(
            f"{name} is not text: line {number}, byte {nul + 1} of the line, is NUL.",
            next_command="tr -d '\\000' < FILE   # if it is text with stray NUL bytes",
        )
    if len(data) > MAX_LINE_BYTES:
        raise T5TuneError(
            f"Line {number} of {name} is longer than {MAX_LINE_BYTES >> 20} MB: "
            "the input should have one sentence per line.",
            next_command="--documents   # splits a text into sentences",
        )
    return text


def inspect(
    source: TextInput, check: Callable[[Line], object], on_progress: Callable[[int], object]
) -> FileFacts:
    """Read an input once: check that all of it is text, and count it.

    `check` gets each line, and `on_progress` the number of lines now and then.

    Raises:
        T5TuneError: It cannot be read, or has a line that is not text.
    """
    digest = hashlib.sha256()

    def blocks() -> Iterator[bytes]:
        for block in source.read():
            digest.update(block)
            yield block

    num_lines = 0
    for lines in split_into_lines(blocks(), source.name):
        num_lines += len(lines)
        on_progress(len(lines))
        for line in lines:
            check(line)
    return FileFacts(num_lines, digest.hexdigest())

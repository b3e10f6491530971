"""Lines of text files of any size, read in blocks."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from t5tune.files.encodings import open_as_utf8
from t5tune.files.recognition import START_BYTES
from t5tune.files.text_files import decode_text, refuse_binary

_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class Lines:
    """Lines of a file, by the rules of `read_lines`, without holding them in memory.

    Attributes:
        path: Path of the file.
        num_lines: Number of lines.
        have_crlf: Whether every line ends in CR LF, which is not part of the line.
        encoding: Encoding of the file; None for UTF-8.
    """

    path: Path
    num_lines: int
    have_crlf: bool
    encoding: str | None = None

    def blocks(self) -> Iterator[list[str]]:
        """Yield the lines, some at a time.

        Raises:
            T5TuneError: The file cannot be read or is not UTF-8 (with line and byte).
        """
        num = 0
        for block in _whole_lines(self.path, self.encoding):
            text = decode_text(block, str(self.path), num_lines_before=num)
            if self.have_crlf:
                text = text.replace("\r\n", "\n")
            lines = text.removesuffix("\n").split("\n")
            num += len(lines)
            yield lines

    def __iter__(self) -> Iterator[str]:
        for block in self.blocks():
            yield from block


def open_lines(path: Path, encoding: str | None = None) -> Lines:
    """Count the lines of a file, which takes a second for each gigabyte, and return them.

    Args:
        path: Path of the file.
        encoding: Its encoding; None for UTF-8.

    Raises:
        T5TuneError: The file cannot be read.
    """
    num_newlines = num_crlf = 0
    last = b""
    with open_as_utf8(path, encoding) as stream:
        while block := stream.read(_BLOCK_BYTES):
            num_newlines += block.count(b"\n")
            num_crlf += block.count(b"\r\n") + (last == b"\r" and block[:1] == b"\n")
            last = block[-1:]
    num_lines = num_newlines + (last not in (b"", b"\n"))
    return Lines(path, num_lines, 0 < num_newlines == num_crlf, encoding)


@contextmanager
def open_text(path: Path, encoding: str | None = None, *, newline: str = "") -> Iterator[TextIO]:
    """Open a file to read its text, without a byte order mark.

    Args:
        path: Path of the file.
        encoding: Its encoding; None for UTF-8.
        newline: What ends a line, as in `open`.

    Raises:
        T5TuneError: The file cannot be read or is not UTF-8 (with line and byte); also raised
            while it is read.
    """
    with open_as_utf8(path, encoding) as stream:
        if refusal := refuse_binary(str(path), stream.read(START_BYTES)):
            raise refusal
    with open_as_utf8(path, encoding) as stream:
        try:
            yield io.TextIOWrapper(stream, encoding="utf-8-sig", newline=newline)
        except UnicodeDecodeError:
            for _ in open_lines(path, encoding).blocks():
                pass  # raises the error that names line and byte
            raise


def _whole_lines(path: Path, encoding: str | None) -> Iterator[bytes]:
    """Yield blocks that end with a newline, except perhaps the last one."""
    rest: list[bytes] = []
    with open_as_utf8(path, encoding) as stream:
        while block := stream.read(_BLOCK_BYTES):
            end = block.rfind(b"\n") + 1
            if not end:
                rest.append(block)
                continue
            yield b"".join([*rest, block[:end]])
            rest = [block[end:]]
    if any(rest):
        yield b"".join(rest)

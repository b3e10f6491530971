"""Text files in other encodings, read as the UTF-8 that everything else expects."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from t5tune.errors import T5TuneError
from t5tune.files.compression import open_content
from t5tune.files.recognition import START_BYTES, find_encoding
from t5tune.files.text_files import refuse_binary
from t5tune.files.wrong_setting import WrongSetting

_BLOCK_BYTES = 1 << 20
_WIDE = ("utf-16", "utf-32")  # beginnings of the names of encodings with zeros between letters


def is_text_encoding(name: str) -> bool:
    """Return whether Python knows an encoding of text by this name; `hex` is one of bytes."""
    try:
        "".encode(name)
    except LookupError:
        return False
    return True


def is_utf8(encoding: str | None) -> bool:
    """Return whether text in an encoding is UTF-8, with or without a byte order mark."""
    return encoding is None or codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")


@contextmanager
def open_as_utf8(path: Path, encoding: str | None) -> Iterator[IO[bytes]]:
    """Open a text file to read its content, decompressed, as UTF-8.

    Args:
        path: Path of the file.
        encoding: Its encoding by Python's name; None for UTF-8, which is passed on unchecked.

    Raises:
        T5TuneError: The file cannot be read or is in another encoding (with the line); also
            raised while it is read.
    """
    if encoding is None or is_utf8(encoding):
        with open_content(path) as stream:
            yield stream
        return
    with open_content(path) as stream:
        if refusal := _find_other(str(path), stream.read(_BLOCK_BYTES), encoding):
            raise refusal
    with open_content(path) as stream:
        raw = _Recoded(stream, str(path), encoding)
        yield io.BufferedReader(raw, _BLOCK_BYTES)


def _find_other(name: str, block: bytes, encoding: str) -> T5TuneError | None:
    """Return the error for a file whose beginning shows that it is in another encoding."""
    start = block[:START_BYTES]
    is_wide = codecs.lookup(encoding).name.startswith(_WIDE)
    if not is_wide and (refusal := refuse_binary(name, start)):
        return refusal
    if is_wide:
        is_other = find_encoding(start) is None and b"\0" not in start
        is_utf8_text = is_other and _decodes(block)
    else:
        is_utf8_text = not block.isascii() and _decodes(block)
    if not is_utf8_text:
        return None
    return WrongSetting(
        f"{name} is UTF-8, not {encoding}.",
        next_command=f"read {name} as UTF-8",
        key="encoding",
        value=None,
    )


def _decodes(block: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(block)  # its last character may be cut
    except UnicodeDecodeError:
        return False
    return True


class _Recoded(io.RawIOBase):
    """The bytes of a text in UTF-8, while it is read in another encoding."""

    def __init__(self, stream: IO[bytes], name: str, encoding: str) -> None:
        self._stream = stream
        self._name = name
        self._encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._pending = memoryview(b"")
        self._num_newlines = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._pending:
            block = self._stream.read(_BLOCK_BYTES)
            text = self._decode(block)
            self._num_newlines += text.count("\n")
            self._pending = memoryview(text.encode("utf-8", "surrogatepass"))
            if not block:
                break
        num = min(len(buffer), len(self._pending))
        buffer[:num] = self._pending[:num]
        self._pending = self._pending[num:]
        return num

    def _decode(self, block: bytes) -> str:
        try:
            return self._decoder.decode(block, final=not block)
        except UnicodeError as error:
            line = ""
            if isinstance(error, UnicodeDecodeError):
                before = error.object[: error.start].decode(self._encoding, "ignore")
                line = f", line {self._num_newlines + before.count(chr(10)) + 1},"
            raise T5TuneError(
                f"{self._name}{line} is not {self._encoding}: {getattr(error, 'reason', error)}.",
                next_command="write the encoding that the file has, or remove `encoding` if it is "
                "UTF-8",
            ) from error

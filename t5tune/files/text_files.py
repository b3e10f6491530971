"""UTF-8 text, read the same way everywhere, and the errors about other files."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from t5tune.errors import T5TuneError
from t5tune.files.compression import open_content
from t5tune.files.recognition import START_BYTES, command_for, find_binary, find_encoding
from t5tune.files.wrong_setting import WrongSetting

BOM = "\ufeff"
STDIN_NAME = "standard input"


def read_lines(path: str | Path) -> list[str]:
    r"""Return the lines of a UTF-8 file, without their line ends.

    Only "\n" ends a line: text from the web holds U+2028, U+0085 and bare "\r", and splitting at
    those would shift every later example against its reference. "\r" is removed where every line
    ends in "\r\n". A byte order mark at the start is dropped, and a newline at the end of the
    file makes no extra line. An empty file has no lines.

    Raises:
        T5TuneError: The file cannot be read or is not UTF-8 (with line and byte).
    """
    return split_lines(_read_bytes(path), name=str(path))


def read_text(path: str | Path) -> str:
    """Return the complete text of a UTF-8 file, without a byte order mark.

    Raises:
        T5TuneError: The file cannot be read or is not UTF-8 (with line and byte).
    """
    return decode_text(_read_bytes(path), str(path))


def read_start(path: str | Path, num_bytes: int = START_BYTES) -> bytes:
    """Return the first bytes of a file, or all of it if it has no more.

    Raises:
        T5TuneError: The file cannot be read.
    """
    return _read_bytes(path, num_bytes)


def _read_bytes(path: str | Path, num_bytes: int = -1) -> bytes:
    with open_content(Path(path)) as stream:
        return stream.read(num_bytes)


def read_stdin_lines() -> list[str]:
    """Return the lines of standard input by the rules of `read_lines`, whatever the locale."""
    return split_lines(sys.stdin.buffer.read(), name=STDIN_NAME)


def split_lines(data: bytes, *, name: str) -> list[str]:
    """Return the lines of `data` by the rules of `read_lines`; `name` is for the message."""
    text = decode_text(data, name)
    if not text:
        return []
    if text.count("\r\n") == text.count("\n"):
        text = text.replace("\r\n", "\n")
    return text.removesuffix("\n").split("\n")


def decode_text(data: bytes, name: str, *, num_lines_before: int = 0) -> str:
    """Return the text that UTF-8 bytes hold, without a byte order mark.

    Args:
        data: All bytes of a file, or whole lines of it.
        name: Name of the file, for the message.
        num_lines_before: Number of lines of the file before these bytes.

    Raises:
        T5TuneError: The bytes are not text in UTF-8 (with line and byte).
    """
    start = data[:START_BYTES]
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = num_lines_before + data.count(b"\n", 0, error.start) + 1
        byte = error.start - data.rfind(b"\n", 0, error.start)
        if _is_damaged_utf8(data):
            raise T5TuneError(
                f"{name} is not UTF-8 throughout: line {line}, byte {byte} of the line, is "
                f"0x{data[error.start]:02x}.",
                next_command=f"{_convert(name, 'UTF-8 -c')}   # leaves out what is damaged",
            ) from None
        raise refuse_encoding(name, line, byte, data[error.start], start=start) from None
    if num_lines_before:
        return text
    if b"\0" in start and (refusal := refuse_binary(name, start)):  # all of it may be ASCII
        raise refusal
    return text.removeprefix(BOM)


def _is_damaged_utf8(data: bytes) -> bool:
    """Return whether most of the bytes beyond ASCII are characters of UTF-8."""
    text = data.decode("utf-8", "replace")
    num_damaged = text.count("\ufffd")
    num_ascii = len(text.encode("ascii", "ignore"))
    return len(text) - num_ascii - num_damaged > num_damaged


def refuse_binary(name: str, start: bytes) -> T5TuneError | None:
    """Return the error for a file whose start is not text in UTF-8, or None if it may be.

    `start` is its first `START_BYTES`; `name` may be `STDIN_NAME`.
    """
    file = "FILE" if name == STDIN_NAME else name
    if content := find_binary(start):
        return T5TuneError(
            f"{name} is {content.name}, not text.", next_command=command_for(content, file)
        )
    if encoding := find_encoding(start):
        return WrongSetting(
            f"{name} is {encoding}, not UTF-8.",
            next_command=_convert(file, encoding),
            key="encoding",
            value=encoding.lower(),
        )
    return None


def refuse_encoding(name: str, line: int, byte: int, value: int, *, start: bytes) -> T5TuneError:
    """Return the error for a byte that is not UTF-8.

    Line and byte of the line count from 1; `start` is the first `START_BYTES` of the file.
    """
    if refusal := refuse_binary(name, start):
        return refusal
    # Latin-1 has no letters there; Windows has quotation marks and the euro sign.
    encoding = "WINDOWS-1252" if 0x80 <= value <= 0x9F else "LATIN1"
    file = "FILE" if name == STDIN_NAME else name
    return WrongSetting(
        f"{name} is not UTF-8: line {line}, byte {byte} of the line, is 0x{value:02x}.",
        next_command=f"{_convert(file, encoding)}  # -f: the encoding that the file has",
        key="encoding",
        value="cp1252",
        remark="or the encoding that the file has",
    )


def _convert(file: str, encoding: str) -> str:
    return f"iconv -f {encoding} -t UTF-8 {shlex.quote(file)} > {shlex.quote(file + '.utf8')}"

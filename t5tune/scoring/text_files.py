"""Plain text files with one example a line, read the same way everywhere."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from t5tune.errors import T5TuneError

_BOM = "\ufeff"
STDIN_NAME = "standard input"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def read_lines(path: str | Path) -> list[str]:
    r"""Lines of a UTF-8 file, without their line ends.

    Only "\n" ends a line: text from the web holds U+2028, U+0085 and bare "\r", and splitting at
    those would shift every later example against its reference. "\r" is removed where every line
    ends in "\r\n". A byte order mark at the start is dropped, and a newline at the end of the
    file makes no extra line. An empty file has no lines.

    Raises:
        T5TuneError: The file cannot be read or is not UTF-8 (with line and byte).
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise refuse_file(path, error) from error
    return split_lines(data, name=str(path))


def refuse_file(path: str | Path, error: OSError) -> T5TuneError:
    """What to say of a file that cannot be read."""
    if isinstance(error, FileNotFoundError):
        return T5TuneError(
            f"There is no file {str(path)!r}.",
            next_command=f"ls {shlex.quote(str(Path(path).parent))}",
        )
    return T5TuneError(
        f"{str(path)!r} cannot be read: {error.strerror}.",
        next_command=f"ls -l {shlex.quote(str(path))}",
    )


def read_stdin_lines() -> list[str]:
    """Lines of standard input, by the rules of `read_lines` whatever the locale."""
    return split_lines(sys.stdin.buffer.read(), name=STDIN_NAME)


def split_lines(data: bytes, *, name: str) -> list[str]:
    """Lines of `data`, by the rules of `read_lines`; `name` is for the error message."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _not_utf8(data, error.start, name) from None
    text = text.removeprefix(_BOM)
    if not text:
        return []
    if text.count("\r\n") == text.count("\n"):
        text = text.replace("\r\n", "\n")
    return text.removesuffix("\n").split("\n")


def _not_utf8(data: bytes, position: int, name: str) -> T5TuneError:
    line = data.count(b"\n", 0, position) + 1
    byte = position - data.rfind(b"\n", 0, position)
    return refuse_encoding(name, line, byte, data[position], is_utf16=data.startswith(_UTF16_MARKS))


def refuse_encoding(
    name: str, line: int, byte: int, value: int, *, is_utf16: bool = False
) -> T5TuneError:
    """What to say of a byte that is not UTF-8.

    Args:
        name: Of the file, or `STDIN_NAME`.
        line: Counted from 1.
        byte: Its place in the line, counted from 1.
        value: Of the byte.
        is_utf16: The file begins as UTF-16 does.
    """
    encoding = "UTF-16" if is_utf16 else "LATIN1"
    file = "FILE" if name == STDIN_NAME else name
    return T5TuneError(
        f"{name} is not UTF-8: line {line}, byte {byte} of the line, is 0x{value:02x}.",
        next_command=f"iconv -f {encoding} -t UTF-8 {shlex.quote(file)} > "
        f"{shlex.quote(file + '.utf8')}  # -f: the encoding that the file has",
    )

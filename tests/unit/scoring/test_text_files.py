"""One example a line, whatever else the text holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from t5tune.errors import T5TuneError
from t5tune.scoring.text_files import read_lines


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"\n", [""]),
        (b"a\nb\n", ["a", "b"]),
        (b"a\nb", ["a", "b"]),
        (b"a\n\n", ["a", ""]),
        (b"\xef\xbb\xbfa\nb\n", ["a", "b"]),
        (b"\xef\xbb\xbf", []),
        # Only the mark at the very start is no text.
        (b"a\n\xef\xbb\xbfb\n", ["a", "\ufeffb"]),
        (b"a\r\nb\r\n", ["a", "b"]),
        (b"a\r\nb", ["a", "b"]),
        (b"a\r\nb\n", ["a\r", "b"]),
        (b"a\rb\n", ["a\rb"]),
        ("a\u2028b\u0085c\x0bd\x1ce\n".encode(), ["a\u2028b\u0085c\x0bd\x1ce"]),
    ],
)
def test_lines(tmp_path: Path, data: bytes, lines: list[str]) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(data)
    assert read_lines(path) == lines
    assert read_lines(str(path)) == lines


def test_invalid_utf8_is_located(tmp_path: Path) -> None:
    path = tmp_path / "latin.txt"
    path.write_bytes("eins\nzwei für\n".encode("latin-1"))
    with pytest.raises(T5TuneError, match="line 2, byte 7 of the line, is 0xfc") as caught:
        read_lines(path)
    assert caught.value.next_command is not None
    assert caught.value.next_command.startswith("iconv -f LATIN1 -t UTF-8 ")


def test_invalid_utf8_on_the_first_line_counts_bytes_from_one(tmp_path: Path) -> None:
    path = tmp_path / "utf16.txt"
    path.write_bytes("eins\n".encode("utf-16"))
    with pytest.raises(T5TuneError, match="line 1, byte 1 ") as caught:
        read_lines(path)
    assert "iconv -f UTF-16 " in str(caught.value.next_command)


def test_missing_file_and_directory(tmp_path: Path) -> None:
    with pytest.raises(T5TuneError, match="no file"):
        read_lines(tmp_path / "nothing.txt")
    with pytest.raises(T5TuneError, match="cannot be read"):
        read_lines(tmp_path)

"""Test that each line is one example, whatever else the text contains."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from pathlib import Path

import pytest
import zstandard

from t5tune.errors import T5TuneError
from t5tune.files.text_files import read_lines
from t5tune.files.text_streams import open_lines


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
        # Only a byte order mark at the very start is not text.
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


def test_a_line_of_windows_gets_its_own_advice(tmp_path: Path) -> None:
    path = tmp_path / "windows.txt"
    path.write_bytes("“eins”\n".encode("cp1252"))
    with pytest.raises(T5TuneError, match="line 1, byte 1 of the line, is 0x93") as caught:
        read_lines(path)
    assert "iconv -f WINDOWS-1252 " in str(caught.value.next_command)


TEXT = "one\teins\n" * 20


def _zip(name: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), TEXT)  # without the time of day
    return stream.getvalue()


def _tar() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.tsv"))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "message", "command"),
    [
        ("a.tsv", TEXT.encode("utf-16"), "is UTF-16, not UTF-8", "iconv -f UTF-16 -t UTF-8 a.tsv"),
        ("a.tsv", TEXT.encode("utf-16-le"), "is UTF-16LE, not", "iconv -f UTF-16LE -t UTF-8 a.tsv"),
        ("a.tsv", TEXT.encode("utf-16-be"), "is UTF-16BE, not", "iconv -f UTF-16BE -t UTF-8 a.tsv"),
        ("a.tsv", TEXT.encode("utf-32"), "is UTF-32, not", "iconv -f UTF-32 -t UTF-8 a.tsv"),
        (
            "a.tsv",
            gzip.compress(TEXT.encode(), mtime=0),
            "gzip data",
            "gunzip -c a.tsv > a.text.tsv",
        ),
        (
            "a b.text",
            gzip.compress(TEXT.encode(), mtime=0),
            "gzip data",
            "gunzip -c 'a b.text' > 'a b.text.text'",
        ),
        ("a", lzma.compress(TEXT.encode()), "xz data", "xz -dc a > a.text"),
        ("a", bz2.compress(TEXT.encode()), "bzip2 data", "bzip2 -dc a > a.text"),
        ("a", b"\x28\xb5\x2f\xfd\x04\x00\xff", "Zstandard data", "zstd -dc a > a.text"),
        ("a.tar.gz", gzip.compress(_tar(), mtime=0), "a tar archive", "tar -xf a.tar.gz"),
        ("a.gz", TEXT.encode(), "is not a complete gzip file: Not a gzipped", "gzip -t a.gz"),
        (
            "a.gz",
            gzip.compress(TEXT.encode(), mtime=0)[:-9],
            "is not a complete gzip file",
            "gzip -t a.gz",
        ),
        ("a.bz2", TEXT.encode(), "is not a complete bzip2 file", "bzip2 -t a.bz2"),
        ("a.xz", lzma.compress(TEXT.encode())[:-9], "is not a complete xz file", "xz -t a.xz"),
        ("a.zst", TEXT.encode(), "is not a complete zstd file", "zstd -t a.zst"),
        ("a.zip", _zip("a.tsv"), "a ZIP archive", "unzip -p a.zip > a"),
        ("a.xlsx", _zip("[Content_Types].xml"), "an Office document", "save it as text"),
        ("a.txt", b"PAR1\x15\x04\xff", "a Parquet file", "mv a.txt a.parquet"),
    ],
)
def test_what_a_file_is_instead_of_text(
    name: str,
    data: bytes,
    message: str,
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(data)
    with pytest.raises(T5TuneError, match=message) as caught:
        read_lines(name)
    assert str(caught.value.next_command).startswith(command)


@pytest.mark.parametrize("ending", [".gz", ".bz2", ".xz", ".zst", ".GZ"])
def test_compressed_text(ending: str, tmp_path: Path) -> None:
    compress = {
        ".gz": gzip.compress,
        ".bz2": bz2.compress,
        ".xz": lzma.compress,
        ".zst": zstandard.ZstdCompressor().compress,
    }[ending.lower()]
    path = tmp_path / f"a.txt{ending}"
    path.write_bytes(compress(b"one\r\n") + compress("zwei ü\r\n".encode()))
    assert read_lines(path) == ["one", "zwei ü"]
    assert list(open_lines(path)) == ["one", "zwei ü"]


def test_zeros_in_a_text_are_text(tmp_path: Path) -> None:
    path = tmp_path / "zeros.txt"
    path.write_bytes(b"a\0b\n\0\0\n")
    assert read_lines(path) == ["a\0b", "\0\0"]


def test_missing_file_and_directory(tmp_path: Path) -> None:
    with pytest.raises(T5TuneError, match="no file"):
        read_lines(tmp_path / "nothing.txt")
    with pytest.raises(T5TuneError, match="cannot be read"):
        read_lines(tmp_path)

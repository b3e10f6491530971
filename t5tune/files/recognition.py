"""Recognition of files that are not UTF-8 text, and the commands that convert them to text."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

START_BYTES = 512  # number of bytes at the start of a file by which it is recognized


@dataclass(frozen=True)
class Content:
    """Content of a file that is not UTF-8 text.

    Attributes:
        name: Name of the content, as in "pairs.tsv is gzip data".
        command: Command that converts it to text, with `{file}` for the file and `{text}` for the
            text.
    """

    name: str
    command: str


_COMPRESSED = {
    b"\x1f\x8b": Content("gzip data", "gunzip -c {file} > {text}"),
    b"\xfd7zXZ\0": Content("xz data", "xz -dc {file} > {text}"),
    b"\x28\xb5\x2f\xfd": Content("Zstandard data", "zstd -dc {file} > {text}"),
    b"\x04\x22\x4d\x18": Content("LZ4 data", "lz4 -dc {file} > {text}"),
    b"7z\xbc\xaf\x27\x1c": Content("a 7-Zip archive", "7z x {file}"),
    b"PK\x03\x04": Content("a ZIP archive", "unzip -p {file} > {text}"),
}
_BINARY = {
    b"PAR1": Content("a Parquet file", "mv {file} {parquet}   # and name that file in the recipe"),
    b"ARROW1\0\0": Content(
        "an Arrow file", "write it as Parquet: datasets.Dataset.from_file(FILE).to_parquet(…)"
    ),
    b"%PDF-": Content("a PDF file", "pdftotext {file} {text}"),
    b"\xd0\xcf\x11\xe0": Content("an old Office file", "save it as text in UTF-8, or as CSV"),
    b"SQLite format 3\0": Content("an SQLite database", "sqlite3 -json {file} 'SELECT …' > {text}"),
    b"\x80\x04\x95": Content("a Python pickle", "write it as JSON lines"),
}
_MARKS = {  # the longer ones first: that of UTF-32 begins with that of UTF-16
    b"\xff\xfe\0\0": "UTF-32",
    b"\0\0\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_BZIP2 = Content("bzip2 data", "bzip2 -dc {file} > {text}")
_OFFICE = Content("an Office document", "save it as text in UTF-8, or as CSV")
_ARCHIVED = Content("a tar archive", "tar -xf {file}")
_LFS = Content("a pointer of Git LFS, not the file itself", "git lfs pull")
_ENDINGS = (".gz", ".xz", ".bz2", ".zst", ".lz4", ".zip")


def find_binary(start: bytes) -> Content | None:
    """Return what a file is by its first `START_BYTES`, or None for text in any encoding."""
    for magic, content in (*_COMPRESSED.items(), *_BINARY.items()):
        if start.startswith(magic):
            is_office = magic == b"PK\x03\x04" and b"[Content_Types].xml" in start
            return _OFFICE if is_office else content
    if start.startswith(b"BZh") and start[4:10] == b"1AY&SY":
        return _BZIP2
    return _ARCHIVED if start[257:262] == b"ustar" else None


def find_pointer(start: bytes) -> Content | None:
    """Return the pointer of a file that Git LFS has not fetched: it is text, but not the data."""
    return _LFS if start.startswith(b"version https://git-lfs.github.com/spec/") else None


def find_encoding(start: bytes) -> str | None:
    """Recognize UTF-16 and UTF-32 by the mark at the start or by the zeros between the letters."""
    for mark, name in _MARKS.items():
        if start.startswith(mark):
            return name
    halves = start[0::2], start[1::2]
    for name, zeros, letters in (("UTF-16LE", *halves[::-1]), ("UTF-16BE", *halves)):
        if len(start) >= 16 and zeros.count(0) > 0.6 * len(zeros) and 0 not in letters:
            return name
    return None


def command_for(content: Content, name: str) -> str:
    """Return the command that converts a file of this name to text."""
    path = Path(name)
    if path.suffix == ".tgz" or ".tar" in path.suffixes:
        content = _ARCHIVED if content in (*_COMPRESSED.values(), _BZIP2) else content
    has_ending = path.suffix.lower() in _ENDINGS
    text = path.with_suffix("") if has_ending else path.with_name(f"{path.stem}.text{path.suffix}")
    if path.suffix == ".pdf":
        text = path.with_suffix(".txt")
    return content.command.format(
        file=shlex.quote(name),
        text=shlex.quote(str(text)),
        parquet=shlex.quote(str(path.with_suffix(".parquet"))),
    )

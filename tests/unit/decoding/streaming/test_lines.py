"""Test reading lines as they arrive, and refusing what is not text."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t5tune.decoding.streaming import lines
from t5tune.decoding.streaming.lines import split_into_lines
from t5tune.errors import T5TuneError
from t5tune.files.text_files import split_lines


def read(*blocks: bytes) -> list[str]:
    return [line.text for chunk in split_into_lines(iter(blocks), "in.txt") for line in chunk]


def cut(data: bytes, places: list[int]) -> Iterator[bytes]:
    start = 0
    for place in sorted(places):
        if start < place < len(data):
            yield data[start:place]
            start = place
    if data[start:]:
        yield data[start:]


@given(st.text(st.sampled_from("aé你\n\r\u2028\x85 "), max_size=30), st.lists(st.integers(0, 60)))
def test_blocks_change_nothing(text: str, places: list[int]) -> None:
    found = list(split_into_lines(cut(text.encode(), places), "in.txt"))
    numbered = [line for chunk in found for line in chunk]
    assert [line.number for line in numbered] == list(range(1, len(numbered) + 1))
    joined = "".join(line.text + "\n" for line in numbered)
    assert joined in (text, text + "\n")
    if text.count("\r\n") == 0 or text.count("\n") > text.count("\r\n"):
        assert [line.text for line in numbered] == split_lines(text.encode(), name="in.txt")


@pytest.mark.parametrize(
    ("blocks", "num_good", "message"),
    [
        ((b"one\ntw\xffo\nthree\n",), 1, "line 2, byte 3 of the line, is 0xff"),
        ((b"one\ntw", b"\xff", b"o"), 1, "line 2, byte 3 of the line, is 0xff"),
        ((b"one\n\xc3", b"\xa9\n\xc3\n"), 2, "line 3, byte 1 of the line, is 0xc3"),
        ((b"one\ntwo\n\xc3",), 2, "line 3, byte 1 of the line, is 0xc3"),
        ((b"a\0b\n",), 0, "line 1, byte 2 of the line, is NUL"),
        ((b"one\n\0", b"more"), 1, "line 2, byte 1 of the line, is NUL"),
        ((b"\xff\xfea\0",), 0, "is UTF-16, not UTF-8"),
    ],
)
def test_input_that_is_not_text(blocks: tuple[bytes, ...], num_good: int, message: str) -> None:
    good: list[str] = []

    def read_all() -> None:
        for chunk in split_into_lines(iter(blocks), "in.txt"):
            good.extend(line.text for line in chunk)

    with pytest.raises(T5TuneError) as caught:
        read_all()
    assert message in caught.value.message
    assert len(good) == num_good


@pytest.mark.parametrize(
    ("data", "command"),
    [
        ("text\n".encode("utf-16"), "iconv -f UTF-16 "),
        ("text and more\n".encode("utf-16-le"), "iconv -f UTF-16LE "),
        (gzip.compress(b"text\n" * 1000, mtime=0), "gunzip -c in.txt > in.text.txt"),
    ],
    ids=["utf-16", "utf-16-le", "gzip"],
)
def test_what_a_file_is_instead_is_recognized(data: bytes, command: str) -> None:
    for blocks in ((data,), [data[i : i + 20] for i in range(0, len(data), 20)]):
        with pytest.raises(T5TuneError) as caught:
            read(*blocks)
        assert command in str(caught.value.next_command)


@pytest.mark.parametrize("block", [b"x" * 100, "你".encode() * 33 + b"x", b"\xe4\xbd"])
def test_a_line_without_an_end_is_refused_before_it_fills_the_memory(
    block: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 1000)
    num_read = 0

    def endless() -> Iterator[bytes]:
        nonlocal num_read
        while True:
            num_read += 1
            yield block

    with pytest.raises(T5TuneError):
        list(split_into_lines(endless(), "in.txt"))
    assert num_read * len(block) <= 1000 + len(block)
    assert read(b"a" * 1000 + b"\n") == ["a" * 1000]
    with pytest.raises(T5TuneError, match="longer than"):
        read(b"a" * 1001 + b"\n")

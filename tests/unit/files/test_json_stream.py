"""Test documents that are read piece by piece against reading all of them at once."""

from __future__ import annotations

import io
import json
import random
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t5tune.errors import T5TuneError
from t5tune.files import json_stream
from t5tune.files.file_format import FileOptions
from t5tune.files.formats import FORMATS
from t5tune.files.json_objects import parse_exact_json
from t5tune.files.json_stream import JsonStream
from t5tune.files.table import BadRow

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def read_in_blocks(text: str, num: int) -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "_BLOCK_CHARACTERS", num)
        stream = JsonStream(io.StringIO(text), Path("a.json"), "")
        try:
            rows = list(stream.read_items())
            stream.check_end()
        except T5TuneError as error:
            return error.message
    return rows


def read_at_once(text: str) -> object:
    try:
        return parse_exact_json(text, "a.json", "")
    except T5TuneError as error:
        return error.message


@given(
    st.lists(VALUES), st.sampled_from([None, 0, 3]), st.integers(1, 40),
    st.sampled_from([(", ", ": "), ("\n,", "\t:  ")]), st.booleans(),
)  # fmt: skip
def test_blocks_of_any_size_make_no_difference(
    rows: list[object], indent: int | None, num: int, separators: tuple[str, str], is_ascii: bool
) -> None:
    text = json.dumps(rows, indent=indent, separators=separators, ensure_ascii=is_ascii)
    assert read_in_blocks(text, num) == read_at_once(text)


def test_a_damaged_document_is_refused_as_if_it_were_read_at_once() -> None:
    rows = [{"en": 'a\u2028"', "de": ["Ä", 1.50, None]}, {"x": {"y": -1e5}}, "\ud83d\ude00"]
    text = json.dumps(rows, indent=1)
    choose = random.Random(1)
    for position in range(1, len(text)):
        for damage in ("", choose.choice(',:]}[{"x1\\\n'), "\x01"):
            damaged = text[:position] + damage + text[position + (damage != "") :]
            if not damage:
                damaged = text[:position]  # cut
            for num in (1, 7, 1000):
                assert read_in_blocks(damaged, num) == read_at_once(damaged), damaged


@pytest.mark.parametrize("num", [1, 7, 30, 1000])
def test_after_an_ambiguous_value_the_next_one_is_read(num: int) -> None:
    long = "9" * 5000  # more digits than Python makes an integer of
    text = f'[{{"a": "b"}}, {{"a": {long},\n"b": {{"c": 1, "c": 2}}, "d": {long}}}, {{"a": "e"}}]'
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "_BLOCK_CHARACTERS", num)
        first, bad, last = JsonStream(io.StringIO(text), Path("a.json"), "").read_items()
    assert (first, last) == ({"a": "b"}, {"a": "e"})
    assert isinstance(bad, BadRow)
    assert "row 2 is ambiguous: an object names c twice (it begins at character 14)" in bad.message


def test_what_is_held_is_not_the_document(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with path.open("w") as stream:
        stream.write('{"version": 1, "data": [')
        for i in range(3000):
            stream.write(json.dumps({"en": f"{i} " * 1000, "de": "x"}) + ",")
        stream.write('{"en": "last", "de": "y"}], "end": [1]}')
    assert path.stat().st_size > 13_000_000
    tracemalloc.start()
    table = FORMATS["json"].open(path, FileOptions())
    num = sum(1 for _ in table.rows())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (num, table.columns) == (3001, ["en", "de"])
    assert peak < 8_000_000


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("[]", []), (" ", []), ("{}", [{}]), ('{"a": "b"}', [{"a": "b"}]),
        ('{"a": "b"}\n\n', [{"a": "b"}]), ('{"a": "b"}\n{"a": "c"}', [{"a": "b"}, {"a": "c"}]),
        ('{"v": 1, "data": [{"a": "b"}], "end": {"data": []}}', [{"a": "b"}]),
        ('{\n"data": [{"a": "b"}]}', [{"a": "b"}]),
        ('{"data": {"a": "b"}}', [{"data": {"a": "b"}}]),
        ('\n{"data": ["x"]}\n{"data": ["y"]}\n', [{"data": ["x"]}, {"data": ["y"]}]),
    ],
)  # fmt: skip
def test_what_a_document_may_be(text: str, rows: list[object], tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    table = FORMATS["json"].open(path, FileOptions())
    assert [row for _, row in table.rows()] == rows


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("7", "is neither a list of JSON objects nor one object a line"),
        ('{"a": 1, "a": 2}', "is ambiguous: an object names a twice"),
        ('{"a": 1,}', "is not JSON: Expecting property name enclosed in double quotes at char"),
        ('{"data": [{"a": 1}]} x', "is not JSON: Extra data at character 22"),
        ('[{"a": 1}]\n[]', "is not JSON: Extra data at line 2, character 1"),
    ],
)
def test_what_a_document_may_not_be(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(T5TuneError) as caught:
        list(FORMATS["json"].open(path, FileOptions()).rows())
    assert message in caught.value.message

"""Test tables as users have them: what is accepted, reported, and refused with its place."""

from __future__ import annotations

import gzip
import json
import math
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from t5tune.data.readers.sources import load_split, open_split
from t5tune.data.readers.tables import read_columns
from t5tune.errors import T5TuneError
from t5tune.files.file_format import FileOptions
from t5tune.recipe.sections.data_entry import DataEntry
from tests.tiny_sections import as_data


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def load(name: str, data: str | bytes, **fields: object) -> list[tuple[str, str]]:
    Path(name).write_bytes(data if isinstance(data, bytes) else data.encode())
    entry = DataEntry.model_validate({"file": name, **fields})
    return [(source, texts[0]) for source, texts in load_split(as_data(entry), "train")]


def refuse(name: str, data: str | bytes, **fields: object) -> T5TuneError:
    with pytest.raises(T5TuneError) as caught:
        load(name, data, **fields)
    assert caught.value.next_command
    return caught.value


HUGE = "9" * 5000


def test_numbers_are_read_as_they_are_written_and_that_is_said_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    spelled = ["7", "-0", "1.50", "1e400", HUGE]
    rows = "".join(f'{{"source": "a", "target": {number}}}\n' for number in spelled)
    assert [target for _, target in load("a.jsonl", '{"source": "a", "target": "b"}\n' + rows)] == [
        "b",
        *spelled,
    ]
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "column target of a.jsonl holds numbers (5), which are read as they are" in said
    assert "(line 2: 7)" in said
    in_list = "[" + ",".join(rows.splitlines()) + "]"
    assert [target for _, target in load("a.json", in_list)] == spelled


@pytest.mark.parametrize(
    "extra",
    [HUGE, "1e400", "NaN", "true", '"\\ud800"', '{"a": [null]}'],
    ids=["huge", "infinite", "nan", "true", "surrogate", "nested"],
)
def test_a_column_that_is_not_used_may_hold_anything(
    extra: str, capsys: pytest.CaptureFixture[str]
) -> None:
    row = f'{{"source": "a", "extra": {extra}, "target": "b"}}'
    assert load("a.jsonl", row) == [("a", "b")]
    assert load("a.json", f"[{row}]") == [("a", "b")]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("true", "column target holds true, which is not a text"),
        ("NaN", "column target holds NaN, not text"),
        ("-Infinity", "column target holds -Infinity, not text"),
        ("null", "column target holds null, not text"),
        ('{"a": 1}', "column target holds an object, not text"),
        ('[["a"]]', "column target holds a list within a list, not text"),
        ('"a\\ud800"', "column target holds half a character"),
        ("[" * 100_000, "is nested too deeply to be read"),
        ('"b", "target": "c"', "is ambiguous: an object names target twice"),
        ('"b", "x": {"y": 1, "y": 2}', "is ambiguous: an object names y twice"),
        ('"b"', ""),
        ('"b"} x', "is not JSON: Extra data at character"),
    ],
)
def test_what_is_not_a_text_is_refused_with_its_line(value: str, message: str) -> None:
    good = '{"source": "a", "target": "b"}\n'
    rows = f'{good}{{"source": "a", "target": {value}}}\n'
    if not message:
        assert len(load("a.jsonl", rows)) == 2
        return
    error = refuse("a.jsonl", rows)
    assert error.message.startswith("a.jsonl, line 2")
    assert message in error.message


@pytest.mark.parametrize(("name", "mark"), [("a.tsv", "\t"), ("a.csv", ",")])
def test_rows_above_the_names_of_the_columns_are_left_out(name: str, mark: str) -> None:
    rows = ["Title", "", "by Anna", mark, f"source{mark}target", f"a{mark}b", f"c{mark}d"]
    Path(name).write_text("\n".join(rows), encoding="utf-8")
    entry = DataEntry(file=name, skip_rows=2)
    opened = load_split(as_data(entry), "train")
    assert [(source, texts[0]) for source, texts in opened] == [("a", "b"), ("c", "d")]
    assert read_columns(Path(name), name[2:], FileOptions(skip_rows=2)) == ["source", "target"]
    assert read_columns(Path(name), name[2:], FileOptions(skip_rows=9)) in ([], [""])


def test_a_broken_list_is_not_taken_for_lines() -> None:
    error = refuse("a.json", '[\n{"source": "a", "target": "b"}\n{"source": "c"}]')
    assert "a.json is not JSON: Expecting ',' delimiter at line 3, character 1" in error.message
    assert "nested too deeply" in refuse("a.json", "[" * 100_000).message


def test_numbers_of_parquet(capsys: pytest.CaptureFixture[str]) -> None:
    pq.write_table(pa.table({"source": ["a", "b"], "target": [1, 0]}), "n.parquet")
    entry = DataEntry(file="n.parquet")
    assert [one.references[0] for one in load_split(as_data(entry), "train")] == ["1", "0"]
    assert "column target of n.parquet holds numbers (2)" in capsys.readouterr().err
    for value, shown in ((True, "true"), (math.nan, "nan"), (math.inf, "inf")):
        pq.write_table(pa.table({"source": ["a"], "target": [value]}), "n.parquet")
        with pytest.raises(T5TuneError, match=f"n.parquet, row 1: column target holds {shown}"):
            load_split(as_data(entry), "train")


def test_a_list_as_a_source_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    row = json.dumps({"source": ["a", "b"], "target": ["c", "d"]})
    assert load("a.jsonl", row) == [("a", "c")]
    said = capsys.readouterr().err
    assert "column source of a.jsonl holds lists (1), of which only the first text is read" in said
    assert "column target" not in said  # further texts are further references


def test_a_long_field_of_csv() -> None:
    import csv

    before = csv.field_size_limit()
    text = "word " * 100_000
    assert load("a.csv", f'source,target\n"{text}",b\n') == [(text, "b")]
    assert csv.field_size_limit() == before


def test_an_open_quotation_mark_is_found_where_it_is() -> None:
    error = refuse("a.csv", 'source,target\na,b\n"c,d\n' + "e,f\n" * 100)
    assert "in the row that begins on line 3" in error.message
    assert error.next_command == "sed -n 3p a.csv"


@pytest.mark.parametrize("name", ["a.tsv", "a.csv"])
def test_a_name_that_two_columns_have_is_refused(name: str) -> None:
    tab = "\t" if name == "a.tsv" else ","
    error = refuse(name, tab.join(["source", "target", "x", "target"]) + "\n")
    assert error.message == f"{name}: columns 2 and 4 are both named target."
    # A repeated empty name does no harm, because no recipe can name it.
    rows = tab.join(["source", "target", "", ""]) + "\n" + tab.join("abcd") + "\n"
    assert load(name, rows) == [("a", "b")]
    error = refuse(name, tab.join("ab") + "\n", columns=["source", "source"])
    assert "`columns` in the recipe: columns 1 and 2 are both named source" in error.message


def test_a_name_that_two_columns_of_parquet_have_is_refused() -> None:
    table = pa.Table.from_arrays([pa.array(["a"])] * 3, names=["source", "target", "target"])
    pq.write_table(table, "a.parquet")
    with pytest.raises(T5TuneError, match="columns 2 and 3 are both named target"):
        load_split(as_data(DataEntry(file="a.parquet")), "train")


def test_a_file_that_is_not_what_its_name_says() -> None:
    text = "source\ttarget\na\tb\n"
    assert load("a.tsv.gz", gzip.compress(text.encode())) == [("a", "b")]
    assert load("a.jsonl.gz", gzip.compress(b'{"source": "a", "target": "b"}')) == [("a", "b")]
    assert load("a.csv.gz", gzip.compress(text.replace("\t", ",").encode())) == [("a", "b")]
    assert "is gzip data" in refuse("a.csv", gzip.compress(text.encode())).message
    assert "is gzip data" in refuse("a.jsonl", gzip.compress(text.encode())).message
    assert "is gzip data" in refuse("a.parquet", gzip.compress(text.encode())).message
    assert "is not a Parquet file" in refuse("b.parquet", text).message
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 7\n"
    for name in ("a.tsv", "a.parquet", "a.jsonl"):
        assert refuse(name, pointer).next_command == "git lfs pull"
    pq.write_table(pa.table({"source": ["a"], "target": ["b"]}), "p.parquet")
    data = Path("p.parquet").read_bytes()
    assert refuse("p.tsv", data).next_command == "add `format: parquet` to data.train"
    assert load("p.tsv", data, format="parquet") == [("a", "b")]
    for end in range(4, len(data), 7):
        assert "p.parquet is not a readable Parquet file" in refuse("p.parquet", data[:end]).message


def test_names_in_messages_are_on_one_line_and_not_thousands() -> None:
    names = ["evil\ntry: rm -rf ~", *(f"column{i}" for i in range(3000))]
    row = json.dumps(dict.fromkeys(names, "x"))
    error = refuse("a.jsonl", row, source="nope", target="column1")
    assert "\n" not in error.message
    assert len(error.message) < 1000
    assert "and 2,981 more" in error.message


def test_reading_parquet_does_not_hold_the_file() -> None:
    """Only a batch of rows is in memory, however large the file is."""
    letters = random.Random(0)
    texts = [letters.randbytes(100).hex() for _ in range(100_000)]
    table = pa.table({"source": texts, "target": texts})
    pq.write_table(table, "a.parquet", row_group_size=1000, use_dictionary=False)
    del table
    before, most = pa.total_allocated_bytes(), 0
    opened = open_split(as_data(DataEntry(file="a.parquet")), "train")
    for _ in opened.chunks():
        most = max(most, pa.total_allocated_bytes() - before)
    assert Path("a.parquet").stat().st_size > 20_000_000
    assert most < 10_000_000

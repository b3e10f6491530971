"""Test that rows of TSV and CSV stay the same except for the translation."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t5tune.decoding.streaming.column_format import ColumnsFormat
from t5tune.decoding.streaming.input_formats.comma_separated_rows import Csv, RowJoiner, Rows
from t5tune.decoding.streaming.input_formats.tab_separated_rows import Tsv
from t5tune.decoding.streaming.lines import Line, TextInput, inspect
from t5tune.decoding.translator import Hypothesis
from t5tune.errors import T5TuneError


def convert(format_: ColumnsFormat, *rows: str) -> str:
    """Convert rows; the translations are the sources in capitals."""
    output = ""
    for number, text in enumerate(rows, start=1):
        entry = format_.parse(Line(number, text))
        found = [Hypothesis(entry.source.upper(), 1, False)] if entry.source.strip() else []
        output += format_.render(entry, found)
    return output


def convert_csv(data: str, column: str, into: str = "de") -> str:
    """Convert a CSV file in the same way, reading a few bytes at a time."""
    blocks = [data.encode()[i : i + 3] for i in range(0, len(data.encode()), 3)]
    kind = Rows(ColumnsFormat(column, into, Csv(), "in.csv"), "in.csv")
    source = TextInput("in.csv", lambda: iter(blocks))
    facts = inspect(source, kind.check, lambda _: None)
    kind.end_check()
    items = [item for found in kind.read(source) for item in found]
    assert kind.count(facts) == len(items)
    return "".join(
        kind.render(item, [Hypothesis(item.source.upper(), 1, False)] if item.source else [])
        for item in items
    )


def test_tsv_with_a_header() -> None:
    lines = ["\ufeffid\ten\tnote\r", '7\tone "x\tn\r', "", "8\t\t\r"]
    expected = '\ufeffid\ten\tnote\ttranslation\r\n7\tone "x\tn\tONE "X\r\n\n8\t\t\t\r\n'
    assert convert(ColumnsFormat("en", "translation", Tsv()), *lines) == expected
    filled = convert(ColumnsFormat("en", "note", Tsv()), "id\ten\tnote", "7\tone\told", "8\t\told")
    assert filled == "id\ten\tnote\n7\tone\tONE\n8\t\told\n"


def test_tsv_by_number() -> None:
    assert (
        convert(ColumnsFormat("2", "translation", Tsv()), "a\tb", "c\td\te")
        == "a\tb\tB\nc\td\te\tD\n"
    )
    assert convert(ColumnsFormat("1", "2", Tsv()), "a\tb\tc", "d") == "a\tA\tc\nd\tD\n"
    assert convert(ColumnsFormat("1", "1", Tsv()), "\ufeffa\tb") == "\ufeffA\tb\n"


@pytest.mark.parametrize(
    ("column", "into", "lines", "message"),
    [
        ("fr", "translation", ["id\ten"], "no column 'fr'"),
        ("3", "translation", ["a\tb"], "Line 1 of in.tsv has no column 3"),
        ("en", "translation", ["id\ten", "7"], "Line 2 of in.tsv has no column 2"),
        ("id", "en", ["id\ten", "7"], "Line 2 of in.tsv has no column 2"),
        ("1", "3", ["a"], "Line 1 of in.tsv has no column 2"),
        ("0", "translation", ["a"], "counted from 1"),
        ("en", "translation", ["en\tx\ten"], "columns 1 and 3 are both named en"),
        ("en", "x", ["en\tx\tx"], "columns 2 and 3 are both named x"),
    ],
)
def test_tsv_that_does_not_fit(column: str, into: str, lines: list[str], message: str) -> None:
    with pytest.raises(T5TuneError, match=message):
        convert(ColumnsFormat(column, into, Tsv(), "in.tsv"), *lines)


def test_csv_keeps_everything_but_the_translation() -> None:
    data = (
        '\ufeff"id",en,"the ""note"""\r\n'
        '7,"one, two", x\r\n'
        "\r\n"
        '8,"over\r\ntwo lines",""\r\n'
        "9,,y\r\n"
        'a"b,c d,z'
    )
    assert convert_csv(data, "en") == (
        '\ufeff"id",en,"the ""note""",de\r\n'
        '7,"one, two", x,"ONE, TWO"\r\n'
        "\r\n"
        '8,"over\r\ntwo lines","",OVER TWO LINES\r\n'
        "9,,y,\r\n"
        'a"b,c d,z,C D\n'
    )


def test_csv_fills_a_column_that_is_there() -> None:
    assert convert_csv('de,en\n"",a\nold,"b ""c"""\n', "en") == (
        'de,en\n"A",a\n"B ""C""","b ""c"""\n'
    )
    assert convert_csv("a,b\nc,d\n", "1", "2") == "a,A\nc,C\n"


CELLS = st.text(st.sampled_from('ab,"\n\r é'), max_size=5)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=4))
def test_csv_reads_back_as_the_same_cells_and_one_more(rows: list[list[str]]) -> None:
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    output = convert_csv(stream.getvalue(), "2", "3")
    found = list(csv.reader(io.StringIO(output, newline=""), strict=True))
    assert [row[:2] for row in found] == rows
    sources = [row[1].replace("\r\n", " ").replace("\n", " ") for row in rows]
    assert [row[2] for row in found] == [source.upper() for source in sources]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ('en\na\n"b\nc\n', "Line 3 of in.csv has a cell that begins with a quotation mark"),
        ('en\na\n"b"c\n', "Line 3 of in.csv is not CSV"),
        ("en,x\na\n", "Line 2 of in.csv has no column 2"),
        ("en;x\na;b\n", "no column 'en' in the first line of in.csv, which names en;x"),
        ("en,en\na,b\n", "columns 1 and 2 are both named en"),
    ],
)
def test_csv_that_does_not_fit(data: str, message: str) -> None:
    with pytest.raises(T5TuneError, match=message):
        convert_csv(data, "en", "x")


def test_a_quotation_mark_that_is_never_closed_does_not_fill_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "t5tune.decoding.streaming.input_formats.comma_separated_rows.MAX_LINE_BYTES", 1000
    )
    lines = iter([Line(1, '"a'), *(Line(i, "x" * 99) for i in range(2, 100))])
    with pytest.raises(T5TuneError, match=r"Line 1 of in\.csv has a cell"):
        list(RowJoiner("in.csv").join(lines))
    assert next(lines).number < 20

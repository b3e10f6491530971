"""A line of a table or of JSON is what it was, with a translation in it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t5tune.decoding.formats import Format, JsonLinesFormat, TextFormat, TsvFormat
from t5tune.decoding.lines import Line
from t5tune.decoding.translator import Hypothesis
from t5tune.errors import T5TuneError

N_BEST = [Hypothesis("ein\tTag", 3, False, -0.25), Hypothesis("Tage", 2, False, -1.0)]


def convert(format_: Format, *lines: str) -> str:
    """Lines whose translations are their sources in capitals."""
    output = ""
    for number, text in enumerate(lines, start=1):
        entry = format_.parse(Line(number, text))
        found = [Hypothesis(entry.source.upper(), 1, False)] if entry.source.strip() else []
        output += format_.render(entry, found)
    return output


def test_text() -> None:
    assert convert(TextFormat(), "\ufeffone", "", " ", "two\r") == "ONE\n\n\nTWO\n"
    assert convert(TextFormat(as_json=True), "é", "") == (
        '{"source": "é", "translation": "É"}\n{"source": "", "translation": ""}\n'
    )


def test_n_best() -> None:
    entry = TextFormat().parse(Line(7, "a day"))
    rows = TextFormat(with_n_best=True).render(entry, N_BEST)
    assert rows == "7\t-0.2500\tein Tag\n7\t-1.0000\tTage\n"
    assert TextFormat(with_n_best=True).render(entry, []) == "7\t\t\n"
    found = json.loads(TextFormat(as_json=True, with_n_best=True).render(entry, N_BEST))
    assert found == {
        "source": "a day",
        "translation": "ein\tTag",
        "n_best": [{"text": "ein\tTag", "score": -0.25}, {"text": "Tage", "score": -1.0}],
    }


def test_tsv_with_a_header() -> None:
    lines = ["\ufeffid\ten\tnote\r", '7\tone "x\tn\r', "", "8\t\t\r"]
    expected = '\ufeffid\ten\tnote\ttranslation\r\n7\tone "x\tn\tONE "X\r\n\n8\t\t\t\r\n'
    assert convert(TsvFormat("en", "translation"), *lines) == expected
    filled = convert(TsvFormat("en", "note"), "id\ten\tnote", "7\tone\told", "8\t\told")
    assert filled == "id\ten\tnote\n7\tone\tONE\n8\t\told\n"


def test_tsv_by_number() -> None:
    assert convert(TsvFormat("2", "translation"), "a\tb", "c\td\te") == "a\tb\tB\nc\td\te\tD\n"
    assert convert(TsvFormat("1", "2"), "a\tb\tc", "d") == "a\tA\tc\nd\tD\n"
    assert convert(TsvFormat("1", "1"), "\ufeffa\tb") == "A\tb\n"


@pytest.mark.parametrize(
    ("column", "into", "lines", "message"),
    [
        ("fr", "translation", ["id\ten"], "no column 'fr'"),
        ("3", "translation", ["a\tb"], "Line 1 has no column 3"),
        ("en", "translation", ["id\ten", "7"], "Line 2 has no column 2"),
        ("id", "en", ["id\ten", "7"], "Line 2 has no column 2"),
        ("1", "3", ["a"], "Line 1 has no column 2"),
        ("0", "translation", ["a"], "counted from 1"),
    ],
)
def test_tsv_that_does_not_fit(column: str, into: str, lines: list[str], message: str) -> None:
    with pytest.raises(T5TuneError, match=message):
        convert(TsvFormat(column, into), *lines)


def test_json_lines() -> None:
    lines = [
        '{"en": "one", "n": 1.50, "x": "\\u00e9"}',
        ' { "x":{"en":"no"} , "en":"t\\"wo" } \r',
        "",
        '{"en": "a", "translation": null, "z": [1, 2]}',
        '{"en": ""}',
    ]
    assert convert(JsonLinesFormat("en", "translation"), *lines) == (
        '{"en": "one", "n": 1.50, "x": "\\u00e9", "translation": "ONE"}\n'
        ' { "x":{"en":"no"} , "en":"t\\"wo", "translation": "T\\"WO" } \r\n'
        "\n"
        '{"en": "a", "translation": "A", "z": [1, 2]}\n'
        '{"en": "", "translation": ""}\n'
    )


def test_json_lines_with_n_best() -> None:
    format_ = JsonLinesFormat("en", "de", with_n_best=True)
    entry = format_.parse(Line(1, '{"en": "a day"}'))
    assert json.loads(format_.render(entry, N_BEST)) == {
        "en": "a day",
        "de": "ein\tTag",
        "n_best": [{"text": "ein\tTag", "score": -0.25}, {"text": "Tage", "score": -1.0}],
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), JSON), st.text(), st.booleans(), st.sampled_from([None, 1]))
def test_any_object_keeps_its_fields(
    fields: dict[str, object], text: str, is_ascii: bool, indent: int | None
) -> None:
    fields = {**fields, "en": text}
    line = json.dumps(fields, ensure_ascii=is_ascii, indent=indent).replace("\n", " ")
    output = convert(JsonLinesFormat("en", "de"), line)
    assert output.count("\n") == 1
    found = json.loads(output)
    translation = found.pop("de")
    assert found == {key: value for key, value in fields.items() if key != "de"}
    assert "\n" not in translation


@pytest.mark.parametrize(
    "line",
    ["[]", "{", '{"en": "a"} x', '{"en" "a"}', "en", '{"en": "a",}', "[" * 100_000, '{"a": 01}',
     '{"en": "a" "b": 1}', '{"n": ' + "9" * 5000 + "}"],
)  # fmt: skip
def test_what_is_no_object(line: str) -> None:
    with pytest.raises(T5TuneError, match="Line 1 "):
        convert(JsonLinesFormat("en", "translation"), line)


def test_fields_that_are_no_text() -> None:
    with pytest.raises(T5TuneError, match=r"no field 'en'.*did you mean eng"):
        convert(JsonLinesFormat("en", "translation"), '{"eng": "a"}')
    with pytest.raises(T5TuneError, match="'en' is no text"):
        convert(JsonLinesFormat("en", "translation"), '{"en": 1}')


def test_half_a_character_is_replaced() -> None:
    entry = JsonLinesFormat("en", "translation").parse(Line(1, '{"en": "a\\ud800b\\nc"}'))
    assert entry.source == "a\ufffdb c"
